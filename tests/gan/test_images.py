"""Loading real images: the same pixels whatever they come in, and clear errors for what is none."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.errors import BenchError
from benchmark.gan.attributes import Attributes
from benchmark.gan.images import ImageSet, load_images

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 0, 1, 1, 2, 2], dtype=np.uint8)


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


def as_npz(path: Path) -> Path:
    np.savez(path, x_train=DIGITS, y_train=LABELS, x_test=DIGITS[:2], y_test=LABELS[:2])
    return path


def as_folder(path: Path, *, prefix: str = "train") -> Path:
    for i, (digit, label) in enumerate(zip(DIGITS, LABELS, strict=True)):
        file = path / prefix / f"class{label}" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(digit))
    return path


def as_zip(path: Path, *, prefix: str = "train") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for i, (digit, label) in enumerate(zip(DIGITS, LABELS, strict=True)):
            archive.writestr(f"{prefix}/class{label}/{i}.png", png(digit))
    return path


@pytest.fixture(params=["npz", "folder", "zip", "wrapped zip"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "npz":
        return as_npz(tmp_path / "digits.npz")
    if request.param == "folder":
        return as_folder(tmp_path / "digits")
    wrapper = "digits/" if request.param == "wrapped zip" else ""
    return as_zip(tmp_path / "digits.zip", prefix=f"{wrapper}train")


def test_every_source_gives_the_same_padded_digits_and_labels(source: Path) -> None:
    data = load_images(source, (1, 32, 32))

    expected = np.zeros((6, 1, 32, 32), np.uint8)
    expected[:, 0, 2:30, 2:30] = DIGITS
    assert data.images.dtype == torch.uint8
    np.testing.assert_array_equal(data.images.numpy(), expected)
    assert data.labels is not None
    assert data.labels.tolist() == LABELS.tolist()


def test_a_batch_lies_between_minus_one_and_one() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    batch = ImageSet(images, None).batch(torch.tensor([2, 0, 1]))
    torch.testing.assert_close(batch.flatten(), torch.tensor([1.0, -1.0, -0.6]))


def test_the_test_split_is_another_set(tmp_path: Path) -> None:
    folder = as_folder(tmp_path / "digits")
    as_folder(folder, prefix="test")
    (folder / "test" / "class2" / "5.png").unlink()
    assert len(load_images(folder, (1, 28, 28))) == 6
    assert len(load_images(folder, (1, 28, 28), "test")) == 5
    assert len(load_images(as_npz(tmp_path / "digits.npz"), (1, 28, 28), "test")) == 2


def test_a_source_without_splits_has_training_images_only(tmp_path: Path) -> None:
    folder = as_folder(tmp_path / "digits", prefix=".")
    assert load_images(folder, (1, 28, 28)).labels is not None
    with pytest.raises(BenchError, match="no folder 'test'"):
        load_images(folder, (1, 28, 28), "test")


def test_one_flat_folder_has_no_classes(tmp_path: Path) -> None:
    for i, digit in enumerate(DIGITS):
        (tmp_path / f"{i}.png").write_bytes(png(digit))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._0.png").write_text("left by a file manager")
    data = load_images(tmp_path, (1, 28, 28))
    assert len(data) == 6
    assert data.labels is None


def test_colour_comes_as_channels_first(tmp_path: Path) -> None:
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[0, 1] = (10, 20, 30)
    (tmp_path / "a.png").write_bytes(png(colour))
    np.savez(tmp_path / "a.npz", x_train=colour[None])
    for source in (tmp_path, tmp_path / "a.npz"):
        image = load_images(source, (3, 4, 4)).images[0]
        assert image[:, 0, 1].tolist() == [10, 20, 30]


def test_a_trailing_grey_channel_is_dropped(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=DIGITS[..., None])
    images = load_images(tmp_path / "a.npz", (1, 28, 28)).images
    np.testing.assert_array_equal(images[:, 0].numpy(), DIGITS)


def test_a_large_image_is_cropped_to_its_centre_and_resized(tmp_path: Path) -> None:
    wide = np.zeros((40, 80), np.uint8)
    wide[:, 20:60] = 200  # the centred square
    (tmp_path / "wide.png").write_bytes(png(wide))
    image = load_images(tmp_path, (1, 20, 20)).images[0, 0]
    assert image.unique().tolist() == [200]


def test_too_few_images(source: Path) -> None:
    with pytest.raises(BenchError, match=r"holds 6 train images; at least 64"):
        load_images(source, (1, 32, 32), at_least=64)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no images at"):
        load_images(tmp_path / "absent.npz", (1, 32, 32))
    with pytest.raises(BenchError, match="holds 0 train images"):
        load_images(tmp_path, (1, 32, 32))


@pytest.mark.parametrize(
    ("arrays", "fault"),
    [
        ({"x_train": DIGITS.astype(np.float32)}, "float32"),
        ({"x_train": DIGITS[0]}, r"\(28, 28\)"),
        ({"x_train": np.zeros((2, 8, 8, 7), np.uint8)}, r"\(2, 8, 8, 7\)"),
        ({"x_train": np.array([b"a", b"b"])}, "uint8"),
        ({"images": DIGITS}, "has no x_train; it has images"),
        ({"x_train": DIGITS, "y_train": LABELS[:3]}, "y_train should hold 6 classes"),
        ({"x_train": DIGITS, "y_train": LABELS.astype(float)}, "float64"),
        ({"x_train": DIGITS, "y_train": -LABELS.astype(int)}, "integers from 0"),
    ],
)
def test_an_npz_of_other_things(tmp_path: Path, arrays: dict[str, np.ndarray], fault: str) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(BenchError, match=fault):
        load_images(tmp_path / "data.npz", (1, 32, 32))


def test_an_npz_of_pickled_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x_train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BenchError, match=r"cannot be read as \.npz"):
        load_images(tmp_path / "data.npz", (1, 32, 32))


@pytest.mark.parametrize("content", [b"", b"hello", png(DIGITS[0]), "npy"])
def test_an_npz_that_is_none(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "data.npz"
    if content == "npy":
        with path.open("wb") as file:
            np.save(file, DIGITS)
    else:
        assert isinstance(content, bytes)
        path.write_bytes(content)
    with pytest.raises(BenchError, match=r"cannot be read as \.npz"):
        load_images(path, (1, 32, 32))


@pytest.mark.parametrize("kind", ["npz", "zip"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_an_archive_cut_short(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"digits.{kind}"
    (as_npz if kind == "npz" else as_zip)(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(BenchError, match=str(path)):
        load_images(path, (1, 32, 32))


@pytest.mark.parametrize("kind", ["npz", "zip"])
def test_an_archive_with_a_flipped_byte(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"digits.{kind}"
    (as_npz if kind == "npz" else as_zip)(path)
    content = bytearray(path.read_bytes())
    content[400] ^= 0xFF  # within the first member's data
    path.write_bytes(content)
    with pytest.raises(BenchError, match=str(path)):
        load_images(path, (1, 32, 32))


@pytest.mark.parametrize("content", [b"", b"not a picture", png(DIGITS[0])[:200]])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_picture_that_is_none_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    if kind == "folder":
        source = as_folder(tmp_path / "digits")
        (source / "train" / "class1" / "bad.png").write_bytes(content)
    else:
        source = as_zip(tmp_path / "digits.zip")
        with zipfile.ZipFile(source, "a") as archive:
            archive.writestr("train/class1/bad.png", content)
    with pytest.raises(BenchError, match=r"train/class1/bad\.png is not an image"):
        load_images(source, (1, 32, 32))


def test_a_single_file_is_no_source(tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    path.write_bytes(png(DIGITS[0]))
    with pytest.raises(BenchError, match=r"no folder, zip or \.npz"):
        load_images(path, (1, 32, 32))


def test_a_fingerprint_tells_images_labels_and_attributes_apart() -> None:
    images = torch.from_numpy(DIGITS[:, None])
    labels = torch.from_numpy(LABELS.astype(np.int64))
    answers = torch.arange(12).view(6, 2) % 3 == 0
    prints = {
        ImageSet(images, labels).fingerprint(),
        ImageSet(images, labels.flip(0)).fingerprint(),
        ImageSet(images.flip(0), labels).fingerprint(),
        ImageSet(images, None).fingerprint(),
        ImageSet(images, None, Attributes(("A", "B"), answers)).fingerprint(),
        ImageSet(images, None, Attributes(("A", "C"), answers)).fingerprint(),
        ImageSet(images, None, Attributes(("A", "B"), ~answers)).fingerprint(),
    }
    assert len(prints) == 7
    assert ImageSet(images.clone(), labels.clone()).fingerprint() in prints


def test_every_tenth_image_is_held_out_with_its_label() -> None:
    images = torch.arange(25, dtype=torch.uint8).view(25, 1, 1, 1)
    train, test = ImageSet(images, torch.arange(25) % 7).held_out(10)
    assert test.images.flatten().tolist() == [0, 10, 20]
    assert test.labels is not None
    assert test.labels.tolist() == [0, 3, 6]
    assert sorted([*train.images.flatten().tolist(), 0, 10, 20]) == list(range(25))
    answers = Attributes(("even",), (torch.arange(25) % 2 == 0)[:, None])
    plain, kept = ImageSet(images, None, answers).held_out(10)
    assert plain.labels is None
    assert kept.attributes is not None
    assert kept.attributes.values.flatten().tolist() == [True, True, True]


def test_a_box_is_cut_out_first(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:15, 10:20] = 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    whole = load_images(tmp_path, (3, 10, 10), crop=(10, 5, 20, 15))
    assert (whole.images == 200).all()


TABLE = "image,Smiling,Young\n2.png,1,1\n0.png,1,0\n1.png,0,1\n9.png,0,0\n"


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_attributes_come_in_the_order_of_the_images(tmp_path: Path, kind: str) -> None:
    source = with_attributes(tmp_path, kind, TABLE)
    attributes = load_images(source, (1, 28, 28)).attributes
    assert attributes is not None
    assert attributes.names == ("Smiling", "Young")
    assert attributes.values.tolist() == [[True, False], [False, True], [True, True]]


def test_no_attributes_without_their_file(tmp_path: Path) -> None:
    assert load_images(as_folder(tmp_path / "a"), (1, 28, 28)).attributes is None
    assert load_images(as_npz(tmp_path / "a.npz"), (1, 28, 28)).attributes is None


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (TABLE.replace("1.png,0,1\n", ""), r"no row for 1 of 3 images, such as faces/1\.png"),
        (TABLE.replace("1.png,0,1", "1.png,0,2"), r"2 cells of 0 or 1 for 1\.png"),
        (TABLE.replace("1.png,0,1", "1.png,0"), r"2 cells of 0 or 1 for 1\.png"),
        (TABLE.replace("9.png", "1.png"), r"names 1\.png twice"),
        (TABLE.replace("Young", "Smiling"), "names each attribute once"),
        ("image\n0.png\n", "names each attribute once"),
        ("", "cannot be read as a table"),
        ("\udcff", "cannot be read as a table"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_attributes_that_do_not_fit(tmp_path: Path, kind: str, table: str, fault: str) -> None:
    source = with_attributes(tmp_path, kind, table)
    with pytest.raises(BenchError, match=fault) as error:
        load_images(source, (1, 28, 28))
    assert str(source) in str(error.value)


def test_two_tables_of_attributes(tmp_path: Path) -> None:
    source = with_attributes(tmp_path, "folder", TABLE)
    (source / "attributes.csv").write_text(TABLE)
    with pytest.raises(BenchError, match=r"2 files attributes\.csv"):
        load_images(source, (1, 28, 28))


def with_attributes(path: Path, kind: str, table: str) -> Path:
    """Three digits and their table, all in one folder `faces`."""
    content = table.encode(errors="surrogateescape")
    files = {f"{i}.png": png(DIGITS[i]) for i in range(3)} | {"attributes.csv": content}
    if kind == "zip":
        with zipfile.ZipFile(path / "faces.zip", "w") as archive:
            for name, each in files.items():
                archive.writestr(f"faces/{name}", each)
        return path / "faces.zip"
    (path / "source" / "faces").mkdir(parents=True)
    for name, each in files.items():
        (path / "source" / "faces" / name).write_bytes(each)
    return path / "source"
