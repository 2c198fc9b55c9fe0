"""What a file is that is not what was asked for: by how it begins, else by how its name ends."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from benchmark.core.errors import BenchError

DAMAGED = "it is damaged or cut short"
TORCH_BEFORE_ZIP = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save until 2020
PICKLE = re.compile(rb"\x80[\x02-\x05]")
OBJECTS = "Python objects, which could run code when opened"
STAND_INS: Mapping[bytes, str] = {
    b"version https://git-lfs": "a pointer of Git LFS in place of the file; `git lfs pull` "
    "fetches the file",
    b"<!DOCTYPE": "a web page in place of the file; download the file itself",
    b"<html": "a web page in place of the file; download the file itself",
    b"\x1f\x8b": "a compressed archive; unpack it first",
    b"7z\xbc\xaf": "a compressed archive; unpack it first",
}
FORMATS: Mapping[bytes, str] = {
    b"\x89HDF": "HDF5, as Keras writes, which h5py reads",
    b"MATLAB": "a file of MATLAB, which scipy.io.loadmat reads",
}
ENDINGS: Mapping[str, str] = {
    ".onnx": "a network in ONNX",
    ".pb": "a network of TensorFlow",
    ".tflite": "a network of TensorFlow",
    ".pkl": f"a pickle of {OBJECTS}",
    ".pickle": f"a pickle of {OBJECTS}",
    ".h5": "HDF5, as Keras writes, which h5py reads",
    ".keras": "a network of Keras",
    ".csv": "text, which np.loadtxt reads",
    ".txt": "text, which np.loadtxt reads",
}


def beginning(path: Path) -> bytes:
    """The first bytes of a file, by which the functions here tell it. Raises OSError."""
    with path.open("rb") as file:
        return file.read(128)


def head_of(path: Path, fault: str) -> bytes:
    """The beginning of a file. Raises BenchError, `fault` and the reason, where it is no file or
    something stands in its place."""
    try:
        head = beginning(path)
    except IsADirectoryError:
        raise BenchError(f"{fault}: it is a folder; name a file in it") from None
    except OSError as error:
        raise BenchError(f"{fault}: {error.strerror or error}") from None
    if reason := stand_in(head):
        raise BenchError(f"{fault}: it is {reason}")
    return head


def zip_members(path: Path) -> list[str] | None:
    """The names of what is in a zip, as torch and numpy write; None where it is cut short."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return None


def zip_of_torch(members: list[str]) -> bool:
    """Whether torch wrote the zip with these members."""
    return any(name.endswith("data.pkl") for name in members)


def stand_in(head: bytes) -> str:
    """What stands in a file's place, and how to get the file; "" where the file may be itself."""
    found = (words for start, words in STAND_INS.items() if head.lstrip().startswith(start))
    return next(found, "empty" if not head else "")


def other_format(head: bytes, path: Path) -> str:
    """The format of a file that holds no tensors of numpy, torch or safetensors; "" if none is
    known."""
    found = next((words for start, words in FORMATS.items() if head.startswith(start)), "")
    pickled = PICKLE.match(head) and not head.startswith(TORCH_BEFORE_ZIP)
    return found or (ENDINGS[".pkl"] if pickled else ENDINGS.get(path.suffix.lower(), ""))
