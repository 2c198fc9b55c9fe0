"""Images that are none: a clear error that names what is wrong and where."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import BenchError
from benchmark.generators.training.real_images import load_images

from .digits import DIGITS, LABELS, as_folder, as_npz, as_zip, png


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
