"""What torch saved, read without running anything of it, and with reasons in one line."""

import pickle
import re
from pathlib import Path

import torch

from benchmark.core.errors import BenchError
from benchmark.core.file_kinds import (
    DAMAGED,
    OBJECTS,
    head_of,
    other_format,
    zip_members,
    zip_of_torch,
)


def load_tensors(path: Path) -> object:
    """Tensors, numbers, text and containers of them, on the CPU.

    Raises BenchError of one line that says what else the file is; torch's own advice, to open it
    without protection, is never passed on.
    """
    fault = f"{path} cannot be read"
    head = head_of(path, fault)
    if reason := other_format(head, path):
        raise BenchError(f"{fault}: it is {reason}")
    members = zip_members(path) if head.startswith(b"PK") else None
    if members is not None and not zip_of_torch(members):
        raise BenchError(f"{fault}: it is an archive that torch did not write")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        if not named:
            raise BenchError(f"{fault}: {DAMAGED}, or not of torch") from error
        raise BenchError(f"{path} holds more than plain tensors ({named[1]}): {OBJECTS}") from error
    except Exception as error:  # torch raises a different type for every way a file can be broken
        raise BenchError(f"{fault}: {DAMAGED}, or not of torch") from error
