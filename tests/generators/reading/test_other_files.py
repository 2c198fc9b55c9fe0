"""A file that holds no generator is named in one line, whatever it is."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmark.core.errors import BenchError
from benchmark.generators.conversion import convert
from benchmark.generators.stored import load_weights


def keras(path: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))


def onnx(path: Path) -> None:
    path.write_bytes(b"\x08\x07\x12\x07pytorch")


def pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


def page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html></html>")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "nothing")


def arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, lat_comp=np.ones((2, 1, 4)))


def packed(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08" + bytes(50))


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def directions(path: Path) -> None:
    torch.save(torch.eye(4), path)


def folder(path: Path) -> None:
    path.mkdir()


CASES = [
    (keras, "g.h5", "HDF5, as Keras writes"),
    (onnx, "g.onnx", "a network in ONNX"),
    (pointer, "g.pkl", "a pointer of Git LFS"),
    (page, "g.pkl", "a web page in place of the file"),
    (empty, "g.pkl", "it is empty"),
    (archive, "g.pt", "an archive that torch did not write"),
    (arrays, "g.npz", "an archive that torch did not write"),
    (packed, "g.pkl", "a compressed archive"),
    (noise, "g.pt", "damaged or cut short, or not of torch"),
    (directions, "g.pt", "a value of type Tensor"),
]


@pytest.mark.parametrize(("make", "name", "reason"), CASES)
def test_another_file(make, name: str, reason: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path, out = tmp_path / name, tmp_path / "out.safetensors"
    make(path)
    for read in (load_weights, lambda file: convert(file, out)):
        with pytest.raises(BenchError, match=reason) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)
    assert not out.exists()


def test_files_that_only_a_conversion_refuses(tmp_path: Path) -> None:
    folder(tmp_path / "g")
    save_file({"x": torch.ones(1)}, tmp_path / "g.safetensors")
    torch.save({}, tmp_path / "g.pt")
    for name, out, reason in (
        ("g", "o.safetensors", "it is a folder; name a file in it"),
        ("g.safetensors", "o.safetensors", "-g takes those of this suite as they are"),
        ("absent.pkl", "o.safetensors", "No such file"),
        ("g.pt", "o.pt", "must end in .safetensors"),
    ):
        with pytest.raises(BenchError, match=reason):
            convert(tmp_path / name, tmp_path / out)
