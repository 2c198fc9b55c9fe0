"""Pictures of other kinds than 8-bit grey and RGB give what a viewer shows."""

import io
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.core.errors import BenchError
from benchmark.generators.training.real_images import load_images


def only(folder: Path, channels: int = 1, side: int = 16) -> np.ndarray:
    """The one image in a folder, (C, H, W)."""
    images = load_images(folder, (channels, side, side)).images
    assert len(images) == 1
    return images[0].numpy()


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_grey_ramp_of_16_bits_keeps_its_mean(tmp_path: Path, kind: str) -> None:
    ramp = np.linspace(0, 65_535, 256).round().astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / f"ramp.{kind}")
    np.testing.assert_array_equal(only(tmp_path)[0].flatten(), np.arange(256))
    np.testing.assert_array_equal(only(tmp_path, 3)[1].flatten(), np.arange(256))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((16, 16), np.uint8)
    upright[:8, :] = 250  # bright above
    upright[:8, :8] = 120  # and half so at the left
    turns = {  # how the camera held the sensor: what undoes EXIF's numbers
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }
    picture = Image.fromarray(np.ascontiguousarray(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "photo.jpg", exif=exif, quality=100)
    assert abs(only(tmp_path)[0].astype(int) - upright).max() <= 4


def test_hidden_folders_are_no_classes(tmp_path: Path) -> None:
    for folder in ("cats", "dogs", ".thumbnails", "__MACOSX/cats", ".git/objects"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("L", (4, 4), 9).save(tmp_path / folder / "a.png")
    (tmp_path / ".thumbnails" / "attributes.csv").write_text("image,Top\na.png,1\n")
    data = load_images(tmp_path, (1, 4, 4))
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1]
    assert data.attributes is None
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("cats/a.png", "dogs/a.png", ".cache/a.png", "__MACOSX/cats/._a.png"):
            archive.write(tmp_path / "cats" / "a.png", name)
    zipped = load_images(tmp_path / "all.zip", (1, 4, 4))
    assert zipped.labels is not None
    assert zipped.labels.tolist() == [0, 1]


@pytest.mark.parametrize("kind", ["tif", "TIFF", "gif", "jfif", "bmp", "webp", "png"])
def test_pictures_of_every_usual_kind_are_read(tmp_path: Path, kind: str) -> None:
    formats = {"tif": "TIFF", "jfif": "JPEG"}
    Image.new("L", (4, 4), 200).save(tmp_path / f"a.{kind}", format=formats.get(kind, kind))
    assert abs(only(tmp_path, side=4).astype(int) - 200).max() <= 2


def test_what_is_not_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    for name in ("b.heic", "c.svg", "readme.md", ".d.heic"):
        (tmp_path / name).write_text("")
    with caplog.at_level(logging.WARNING):
        assert len(load_images(tmp_path, (1, 4, 4))) == 1
    assert "files of other kinds (.heic, .svg) are left out: 2, such as b.heic" in caplog.text


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255, 255, 255)),  # a hidden red
        (Image.new("RGBA", (4, 4), (0, 0, 0, 102)), (153, 153, 153)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), (255, 0, 0)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4), (10, 200, 30)),
    ],
)
def test_colours_are_those_that_a_viewer_shows(
    tmp_path: Path, picture: Image.Image, expected: tuple[int, int, int]
) -> None:
    picture.save(tmp_path / "a.tif" if picture.mode == "CMYK" else tmp_path / "a.png")
    image = only(tmp_path, 3, side=4)
    assert abs(image[:, 0, 0].astype(int) - expected).max() <= 1


def test_a_palette_with_a_transparent_colour_is_white_there(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.save(tmp_path / "a.png", transparency=1)
    assert only(tmp_path, 3, side=4)[:, 0, 0].tolist() == [255, 255, 255]


def test_an_npz_with_transparency_is_white_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.zeros((1, 4, 4, 4), np.uint8))
    image = load_images(tmp_path / "a.npz", (3, 4, 4)).images
    assert image.unique().tolist() == [255]


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_a_file_of_several_pictures_is_refused(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (0, 100, 250)]
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:])
    with pytest.raises(BenchError, match=rf"a\.{kind} holds 3 pictures"):
        load_images(tmp_path, (1, 8, 8))


def test_grey_of_an_unknown_range_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(BenchError, match=r"a\.tif is not an image: .* no known range"):
        load_images(tmp_path, (1, 4, 4))


def test_a_damaged_orientation_is_no_traceback(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (4, 4), 9).save(buffer, format="JPEG", exif=b"Exif\x00\x00MM\x00*garbage")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    assert abs(only(tmp_path, side=4).astype(int) - 9).max() <= 2
