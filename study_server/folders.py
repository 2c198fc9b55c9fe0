"""Folders that are either whole or absent, and the JSON files in them."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.core import reading
from benchmark.core.errors import BenchError


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill; renamed to `path` once all of it is on disk.

    Raises BenchError where `path` exists and is not empty: nothing is ever overwritten.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BenchError(f"{path} exists already; give another folder or remove it first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                _sync(file)
        part.chmod(0o755)
        part.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Write JSON for people to read: indented, in UTF-8, keys as given. Never readable by more
    than `mode` says."""
    path.touch(mode=mode)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises BenchError where it is missing, cut short or no JSON."""
    if not path.exists():
        raise BenchError(f"there is no {path}; is {path.parent} a whole study folder?")
    try:
        return reading.read_json(path)
    except BenchError as error:
        raise BenchError(f"{path} cannot be read ({error}); build the study again") from error


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
