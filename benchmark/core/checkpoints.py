"""Checkpoints of a training: whole or absent, read back without running anything."""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import torch

from benchmark.core.storage import is_plain, write_atomically

log = logging.getLogger("bench")

MARK = b"bench checkpoint 1\n"  # begins the file; then the SHA-256 of the rest, and the rest
DIGEST = hashlib.sha256().digest_size  # bytes


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and containers of them atomically to `path`."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    whole = MARK + hashlib.sha256(content).digest() + content
    write_atomically(path, lambda part: part.write_bytes(whole))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `save_checkpoint` wrote, on the CPU; None where there is no file.

    A file that is cut, damaged or of another version counts as absent, with a warning: the work
    starts over.
    """
    if not path.exists() and not path.is_symlink():
        return None
    content = path.read_bytes() if is_plain(path) else b""
    mark, digest = content[: len(MARK)], content[len(MARK) : len(MARK) + DIGEST]
    content = content[len(MARK) + DIGEST :]
    if mark != MARK or hashlib.sha256(content).digest() != digest:
        log.warning("%s is damaged or of another version: the work starts over", path)
        return None
    try:
        state: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError(f"it holds a value of type {type(state).__name__}")
    except Exception as error:  # noqa: BLE001 - torch raises a different type for every fault
        reason = (str(error) or repr(error)).splitlines()[0]
        log.warning("%s holds no checkpoint (%s): the work starts over", path, reason)
        return None
    return state
