"""What torch saved, read without running anything of it, and with reasons in one line."""

import pickle
import re
import zipfile
from pathlib import Path

import torch

from benchmark.core.errors import BenchError
from benchmark.core.file_kinds import OBJECTS, beginning, other_format, stand_in

DAMAGED = "it is damaged or cut short"


def load_tensors(path: Path) -> object:
    """Tensors, numbers, text and containers of them, on the CPU.

    Raises BenchError of one line that says what else the file is; torch's own advice, to open it
    without protection, is never passed on.
    """
    try:
        head = beginning(path)
    except IsADirectoryError:
        raise BenchError(f"{path} cannot be read: it is a folder") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}") from None
    if reason := stand_in(head) or other_format(head, path):
        raise BenchError(f"{path} cannot be read: it is {reason}")
    if head.startswith(b"PK") and not _is_of_torch(path):
        raise BenchError(f"{path} cannot be read: it is an archive that torch did not write")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        if not named:
            raise BenchError(f"{path} cannot be read: {DAMAGED}, or not of torch") from error
        raise BenchError(f"{path} holds more than plain tensors ({named[1]}): {OBJECTS}") from error
    except Exception as error:  # torch raises a different type for every way a file can be broken
        raise BenchError(f"{path} cannot be read: {DAMAGED}, or not of torch") from error


def _is_of_torch(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return True  # cut short; torch finds the same
