"""Checkpoints of a training: whole or absent, read back without running anything."""

from pathlib import Path
from typing import Any

import torch

from benchmark.core.errors import BenchError
from benchmark.core.storage import write_atomically
from benchmark.core.tensors import load_tensors


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and containers of them atomically to `path`."""
    write_atomically(path, lambda part: torch.save(state, part))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `save_checkpoint` wrote, on the CPU; None where there is no file.

    Raises BenchError if the file is damaged: deleting it starts the work from the beginning.
    """
    if not path.exists():
        return None
    try:
        state: Any = load_tensors(path)
        if not isinstance(state, dict):
            raise BenchError(f"it holds a {type(state).__name__}")
    except BenchError as error:
        raise BenchError(f"damaged checkpoint {path}: delete it to start over ({error})") from error
    return state
