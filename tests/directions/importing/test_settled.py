"""What a file settles by itself is read without a word from anybody, all else is refused."""

import collections
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.directions.artefact import Directions

D, K, L = 12, 5, 4
RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def unit(array: np.ndarray) -> np.ndarray:
    """With rows of length one."""
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


ROWS = unit(normal(K, D))
ONE = unit(normal(1, D))
WIDE = unit(normal(20, D))  # more directions than dimensions
SQUARE = np.linalg.qr(normal(D, D))[0]


@pytest.mark.parametrize(
    ("array", "columns"),
    [
        (ROWS.T.copy(), ROWS.T),
        (ROWS, ROWS.T),
        (ROWS.astype(np.float64), ROWS.T),
        (ROWS[:, None], ROWS.T),  # (K, 1, d)
        (WIDE, WIDE.T),
        (WIDE.T.copy(), WIDE.T),
        (ONE.T.copy(), ONE.T),
        (3 * ROWS.T, ROWS.T),
    ],
)
@pytest.mark.parametrize("kind", ["npy", "pt"])
def test_what_is_certain_loads_right(
    tmp_path: Path, array: np.ndarray, columns: np.ndarray, kind: str
) -> None:
    path = tmp_path / f"own.{kind}"
    if kind == "npy":
        np.save(path, array)
    else:
        torch.save(torch.from_numpy(array), path)
    loaded = Directions.load(path)
    np.testing.assert_allclose(loaded.shift.matrix(), columns, atol=1e-7)  # type: ignore[attr-defined]
    assert (loaded.latent_dim, len(loaded)) == columns.shape


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ONE, "array of 1 x 12, which may be one direction in a row"),
        (ONE[0], "array of 12, which may be layers of one direction"),
        (5 * normal(1, D), "array of 1 x 12"),
        (ONE.repeat(L, 0), "array of 4 x 12, .* or the layers of one direction"),
        (0.7 * ONE.repeat(L, 0), "array of 4 x 12, .* or the layers of one direction"),
        (unit(normal(18, 512)), "array of 18 x 512, .* or the layers of one direction"),
        (normal(1, L, D), "array of 1 x 4 x 12"),
        (unit(normal(1, L * D)), "array of 1 x 48, .* or all layers"),
        (normal(K, D), "array of 5 x 12, whose rows may be directions"),
        (normal(K, 1, D), "array of 5 x 1 x 12"),
        (
            SQUARE,
            r"array of 12 x 12; a square may hold .* -g GENERATOR` and --as rows or --as columns",
        ),
        (5 * normal(D, D), "array of 12 x 12; a square"),
        (normal(3, 3, 2, 2), "array of 3 x 3 x 2 x 2"),
        (np.float32(3), "array of a single value"),
        (np.zeros((0, 3), np.float32), "array of 0 x 3, which is empty"),
        (np.zeros((4, 2), np.float32), "column 0 is zero"),
        (np.full((4, 2), np.nan, np.float32), "not all of .* are finite"),
        (RNG.integers(0, 255, (7, 3)).astype(np.uint8), "integers"),
        (np.eye(7, 3, dtype=bool), "truth values"),
        (np.eye(7, 3, dtype=np.complex64), "complex numbers"),
        (np.full((7, 3), "a"), "values of type"),
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(
    tmp_path: Path, array: np.ndarray, message: str
) -> None:
    np.save(tmp_path / "own.npy", array)
    assert_refused(tmp_path / "own.npy", message)


def layers(*sizes: tuple[int, int]) -> dict[str, torch.Tensor]:
    return collections.OrderedDict(
        (f"fc{i}.weight", torch.randn(b, a)) for i, (a, b) in enumerate(sizes, start=1)
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (collections.OrderedDict(log_mat_half=torch.randn(D, D)), "how many of its 12 columns"),
        ({"linear.weight": torch.randn(D, D), "linear.bias": torch.randn(D)}, "how many of its 12"),
        ({"linear.weight": torch.randn(D, K)}, "how many of its 5 columns were trained"),
        (layers((K, 8), (8, D)), "a network of several layers, such as an fc deformator, bends"),
        ({"l1.0.weight": torch.randn(48, D), "conv.weight": torch.randn(1, 3, 3, 3)}, "mapping of"),
        ({"SUPPORT_SETS": torch.randn(K, 6 * D), "ALPHAS": torch.randn(K, 6)}, "warped field"),
        ({n: torch.randn(1, D) for n in ("depth", "warmth")}, r"depth \(1, 12\), warmth"),
        ({"w": torch.from_numpy(ONE.copy()), "n": 1}, r"mapping of w \(1, 12\), n int"),
        ({"w": torch.randn(1, D)}, "--layout ganalyze reads it, if it is no latent code"),
        ({"model": {"weights": torch.randn(K, D)}}, "model dict"),
        (collections.OrderedDict(), "an empty mapping"),
        ({str(i): torch.zeros(1) for i in range(50)}, r"3 \(1,\) and 46 more"),
        ([torch.randn(D, K)], "holds a value of type list"),
        (torch.complex(torch.randn(D, D), torch.randn(D, D)), "complex numbers"),
        (torch.from_numpy(SQUARE), "a square"),
        (torch.randn(D, K).bfloat16()[:, :0], "empty"),
    ],
)
def test_what_torch_saved_besides_a_matrix_is_named(
    tmp_path: Path, content: object, message: str
) -> None:
    torch.save(content, tmp_path / "own.pt")
    assert_refused(tmp_path / "own.pt", message)


def namespace(path: Path) -> None:
    torch.save({"args": zipfile.ZipInfo("a")}, path)


def several(path: Path) -> None:
    np.savez(path, one=ROWS, two=ROWS)


def objects(path: Path) -> None:
    np.savez(path, one=np.array({"boundary": ONE}, dtype=object))


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("directions.txt", "1 2 3")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.pt", namespace, r"more than plain tensors \(zipfile\.ZipInfo\)"),
        ("two.npz", several, r"a mapping of one \(5, 12\), two \(5, 12\); save directions"),
        ("boundary.npz", objects, "it holds Python objects"),
        ("folder.zip", archive, "a zip archive; unpack it"),
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5, as Keras writes"),
        ("model.onnx", b"\x08\x07\x12\x07pytorch", "a network in ONNX"),
        ("pointer.pt", POINTER, "a pointer of Git LFS .* `git lfs pull`"),
        ("pointer.npy", POINTER, "a pointer of Git LFS"),
        ("pointer.safetensors", POINTER, "a pointer of Git LFS"),
        ("page.pt", b"<!DOCTYPE html><html>", "a web page in place of the file"),
        ("table.csv", b"1,2,3\n", r"text, which np\.loadtxt reads"),
        ("packed.pt.gz", b"\x1f\x8b\x08\x00", "a compressed archive"),
        ("empty.pt", b"", "it is empty"),
        ("noise.bin", b"\x00\x01\x02", "neither of numpy .* nor of torch"),
        ("cut.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr'", "damaged or cut short"),
        ("cut.pt", b"PK\x03\x04\x00\x00", "damaged or cut short"),
    ],
)
def test_other_kinds_of_files_are_named_with_the_way_on(
    tmp_path: Path, name: str, content: bytes | Callable[[Path], None], message: str
) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        content(tmp_path / name)
    assert_refused(tmp_path / name, message)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    assert_refused(tmp_path / "models", "it is a folder")


def assert_refused(path: Path, message: str) -> None:
    """In one plain line that names the file, and never how to open it unsafely."""
    with pytest.raises(BenchError, match=message) as caught:
        Directions.load(path)
    text = str(caught.value)
    assert str(path) in text
    assert "weights_only" not in text
    assert "allow_pickle" not in text
    assert not re.search(r"[\n\x1b]", text)
