"""Directions in plain arrays of others: read where the array itself settles what it holds.

What may be read in two ways is refused, with what was found and what would settle it: a wrong guess
gives directions that look right, since any matrix moves an image.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.file_kinds import (
    DAMAGED,
    OBJECTS,
    TORCH_BEFORE_ZIP,
    head_of,
    other_format,
    zip_members,
    zip_of_torch,
)
from benchmark.core.tensors import load_tensors

log = logging.getLogger("bench")

UNIT = 2e-3  # how far from 1 the length of a unit vector may lie, as float16 stores it
LAYERS = range(4, 19, 2)  # how many layers a StyleGAN of 8 to 1024 pixels has
MOST = 4  # entries of a file that a message names
SAVE = "save directions as columns of unit length: np.save('directions.npy', columns) of (d, K)"
SETTLE = (
    "what the columns are is settled by Directions(FrozenLinear(torch.tensor(columns)))"
    ".save('directions.safetensors'), of float32 (d, K)"
)

# What the entries of others' files are, by name.
ENTRIES: Mapping[str, str] = {
    "log_mat_half": "a logarithm L, whose directions are the first max_latent_ind columns of "
    "torch.linalg.matrix_exp(L - L.T)",
    "SUPPORT_SETS": "a warped field, which depends on z and has no matrix",
    "lat_comp": "a PCA of GANSpace, whose directions are the rows of lat_comp",
    "comp": "a PCA, whose directions are the rows of comp",
    "eigvec": "a factorisation, whose directions are the columns of eigvec",
    "linear.weight": "a linear layer, which does not say how many of its columns were trained",
    "boundary": "one boundary, in a row",
}


def read_array(path: Path) -> tuple[Tensor, dict[str, str]]:
    """A (d, K) float32 matrix of unit columns, and what was done to get it, for the provenance.

    The file holds one array, as numpy or torch save it. Its columns are the directions where they
    have unit length, or where there are more rows than columns; its rows are where they alone have
    unit length. Raises BenchError of one line for anything else: a square, a single row, as many
    rows as a generator has layers, integers, several arrays, and what is no array.
    """
    array = _array(path)
    if array.dtype.kind not in "f":
        kind = {"c": "complex numbers", "i": "integers", "u": "integers", "b": "truth values"}
        found = kind.get(array.dtype.kind, f"values of type {array.dtype}")
        raise BenchError(f"{path} holds no directions: {found} {array.shape}; {SAVE}")
    if not np.isfinite(array).all():
        raise BenchError(f"{path} holds no directions: not all of {array.shape} values are finite")
    return _columns(array.astype(np.float64), path)


def _columns(array: np.ndarray, path: Path) -> tuple[Tensor, dict[str, str]]:
    shape = " x ".join(map(str, array.shape)) or "a single value"
    found = f"{path} holds an array of {shape}"
    if array.ndim == 3 and array.shape[1] == 1 and array.shape[0] > 1 and _unit(array[:, 0], 1):
        return _as_columns(array[:, 0].T), {"read_as": "rows"}  # (d, K)
    if array.ndim != 2:
        raise BenchError(
            f"{found}, which may be layers of one direction, or a direction in a row; {SAVE}"
        )
    rows, columns = array.shape
    if 0 in array.shape:
        raise BenchError(f"{found}, which is empty; {SAVE}")
    if rows == 1:
        raise BenchError(
            f"{found}, which may be one direction in a row, a latent, a mean, or all layers of one "
            f"direction; {SAVE}"
        )
    if rows == columns:
        raise BenchError(
            f"{found}; a square may hold its directions in rows or in columns, or be no directions "
            f"at all; {SETTLE}"
        )
    if _unit(array, 0):
        return _as_columns(array), {}
    if _unit(array, 1) and rows not in LAYERS:
        return _as_columns(array.T), {"read_as": "rows"}
    if rows < columns:
        layers = " or the layers of one direction" if rows in LAYERS else ""
        raise BenchError(f"{found}, whose rows may be directions{layers}; {SAVE}")
    lengths = np.linalg.norm(array, axis=0)  # (K,)
    if not lengths.all():
        raise BenchError(f"{found}, whose column {int(lengths.argmin())} is zero; {SAVE}")
    scale = f"{lengths.min():.6g} to {lengths.max():.6g}"
    log.warning(
        "%s is read as %d directions of %d dimensions, its columns, whose lengths of %s become 1",
        path,
        columns,
        rows,
        scale,
    )
    return _as_columns(array / lengths), {"lengths_before": scale}


def _unit(array: np.ndarray, axis: int) -> bool:
    """Whether all columns (axis 0) or rows (axis 1) have unit length."""
    return bool((abs(np.linalg.norm(array, axis=axis) - 1) < UNIT).all())


def _as_columns(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))  # (d, K)


def _array(path: Path) -> np.ndarray:
    """The one array in the file. Raises BenchError that says what else it is."""
    fault = f"{path} holds no readable directions"
    head = head_of(path, fault)
    if head.startswith(b"\x93NUMPY"):
        return _of_numpy(path, fault)
    if head.startswith(b"PK"):
        _check_zip(path, fault)
    elif not head.startswith(TORCH_BEFORE_ZIP):
        kind = other_format(head, path) or "neither of numpy (.npy) nor of torch (.pt)"
        raise BenchError(f"{fault}: it is {kind}; {SAVE}")
    return _of_torch(path)


def _of_numpy(path: Path, fault: str) -> np.ndarray:
    try:
        loaded: np.ndarray = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if "pickle" in str(error):
            raise BenchError(f"{fault}: it holds {OBJECTS}; {SAVE}") from None
        raise BenchError(f"{fault}: {DAMAGED}") from None
    return loaded


def _check_zip(path: Path, fault: str) -> None:
    """Raise BenchError for a zip of arrays, as numpy writes, and for one of other files."""
    names = zip_members(path)
    if names is None:
        raise BenchError(f"{fault}: {DAMAGED}")
    arrays = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
    if arrays:
        raise BenchError(
            f"{fault}: it is an .npz of {_listed(arrays)}{_meaning(arrays)}; open it with np.load, "
            f"then {SAVE}"
        )
    if not zip_of_torch(names):
        raise BenchError(f"{fault}: it is a zip archive; unpack it first")


def _of_torch(path: Path) -> np.ndarray:
    try:
        content = load_tensors(path)
    except BenchError as error:
        raise BenchError(f"{error}; {SAVE}") from error
    if isinstance(content, Mapping):
        entries = [f"{key} {_shape(value)}" for key, value in content.items()]
        keys = [str(key) for key in content]
        what = f"a mapping of {_listed(entries)}" if entries else "an empty mapping"
        raise BenchError(f"{path} should hold one matrix, but holds {what}{_meaning(keys)}; {SAVE}")
    if not isinstance(content, Tensor):
        raise BenchError(
            f"{path} should hold one matrix, but holds a value of type {type(content).__name__}; "
            f"{SAVE}"
        )
    try:
        value = content.detach().to_dense()
        widened = value.float() if value.dtype == torch.bfloat16 else value
        return np.asarray(widened.resolve_conj().resolve_neg().numpy())
    except (RuntimeError, TypeError):  # such as quantized tensors
        raise BenchError(f"{path} holds a tensor of type {content.dtype}; {SAVE}") from None


def _listed(entries: list[str]) -> str:
    more = f" and {len(entries) - MOST} more" if len(entries) > MOST else ""
    return " ".join(", ".join(entries[:MOST]).split()) + more


def _meaning(keys: list[str]) -> str:
    """What entries of these names are, where one is known."""
    known = next((words for key, words in ENTRIES.items() if key in keys), "")
    return f" ({known})" if known else ""


def _shape(value: object) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
