"""A file of others as plain data: arrays of numpy, mappings of them, numbers and text.

numpy, torch and pickle are told apart by how the file begins, never by its name.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.file_kinds import (
    DAMAGED,
    OBJECTS,
    PICKLE,
    TORCH_BEFORE_ZIP,
    head_of,
    other_format,
    zip_members,
    zip_of_torch,
)
from benchmark.core.tensors import load_tensors
from benchmark.core.unpickling import NUMPY, plain, unpickled
from benchmark.tables.text import plain_line

MOST = 4  # entries of a file that a message names
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
LARGE = re.compile("act_")  # what GANSpace keeps of a layer can take gigabytes, and is not needed


def read_content(path: Path) -> Any:
    """An array, a mapping (also of mappings), a list, a number or text.

    Raises BenchError of one line for a file that is something else, or no file.
    """
    fault = f"{path} holds no readable directions"
    head = head_of(path, fault)
    if head.startswith(b"\x93NUMPY"):
        return _of_numpy(path, fault)
    if head.startswith(b"PK"):
        members = zip_members(path)
        if members is None:
            raise BenchError(f"{fault}: {DAMAGED}")
        if any(name.endswith(".npy") for name in members):
            return _of_archive(path, fault)
        if not zip_of_torch(members):
            raise BenchError(f"{fault}: it is a zip archive; unpack it first")
    elif not head.startswith(TORCH_BEFORE_ZIP):
        if PICKLE.match(head):
            return unpickled(path.read_bytes(), fault)
        kind = other_format(head, path) or "neither of numpy (.npy, .npz) nor of torch (.pt)"
        if path.suffix == ".safetensors":
            kind = "of safetensors; `bench run -m` takes those of this suite as they are"
        raise BenchError(f"{fault}: it is {kind}")
    return _of_torch(path)


def described(content: Any) -> str:
    """What a file holds, for a message."""
    if isinstance(content, Mapping):
        entries = [f"{key} {_shape(value)}" for key, value in content.items()]
        more = f" and {len(entries) - MOST} more" if len(entries) > MOST else ""
        listed = plain_line(", ".join(entries[:MOST])) + more
        return f"a mapping of {listed}" if entries else "an empty mapping"
    return f"a value of type {type(content).__name__}"


def _of_numpy(path: Path, fault: str) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError) as error:
        if "pickle" not in str(error):
            raise BenchError(f"{fault}: {DAMAGED}") from None
    with path.open("rb") as file:
        try:
            read = HEADERS[np.lib.format.read_magic(file)]
            read(file)
        except (ValueError, KeyError):
            raise BenchError(f"{fault}: it holds {OBJECTS}") from None
        return unpickled(file.read(), fault)


def _of_archive(path: Path, fault: str) -> Any:
    """The arrays of an .npz by name; the array itself where there is one only."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = [name for name in archive.files if not LARGE.match(name)]
            arrays = {name: archive[name] for name in names}
            return arrays[names[0]] if len(archive.files) == len(names) == 1 else arrays
    except ValueError as error:
        holds = f"it holds {OBJECTS}" if "pickle" in str(error) else DAMAGED
        raise BenchError(f"{fault}: {holds}") from None
    except Exception as error:  # zipfile and zlib raise a type for every way a file can be broken
        raise BenchError(f"{fault}: {DAMAGED}") from error


def _of_torch(path: Path) -> Any:
    stand_ins: list[Any] = [(stand_in, name) for name, stand_in in NUMPY.items()]
    with torch.serialization.safe_globals(stand_ins):
        content = load_tensors(path)
    try:
        return plain(_as_arrays(content, path))
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise BenchError(f"{path} holds no readable directions: {DAMAGED}") from error


def _as_arrays(value: Any, path: Path) -> Any:
    """The value with numpy's arrays in place of tensors."""
    if isinstance(value, Mapping):
        return {key: _as_arrays(one, path) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_arrays(one, path) for one in value]
    if not isinstance(value, Tensor):
        return value
    try:
        dense = value.detach().to_dense()
        widened = dense.float() if dense.dtype == torch.bfloat16 else dense
        return widened.resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError):  # such as quantized tensors
        raise BenchError(f"{path} holds a tensor of type {value.dtype}") from None


def _shape(value: object) -> str:
    return str(value.shape) if isinstance(value, np.ndarray) else type(value).__name__
