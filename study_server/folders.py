"""Folders and files that are either whole or absent, the JSON files in a study's folder, and who
works in it."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmark.core import reading
from benchmark.core.errors import BenchError

AT_ONCE = 16  # files on their way to disk


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
        with ThreadPoolExecutor(AT_ONCE) as pool:  # a disk takes many together as fast as one
            list(pool.map(_sync, [file for file in part.rglob("*") if file.is_file()]))
        part.chmod(0o755)
        part.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A name beside `path` for a file to write, which nobody else may read; it becomes `path` once
    all of it is on disk. Files beside it that begin with its name are removed.

    Raises FileExistsError where `path` exists, then or by now, and BenchError where its folder
    cannot be written.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, "exists already", str(path))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        yield part
        _sync(part)
        try:
            os.link(part, path)  # unlike a renaming it never replaces a file
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            part.rename(path)
        with suppress(OSError):  # a system on which folders cannot be opened
            _sync(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            for left in [p for p in path.parent.iterdir() if p.name.startswith(part.name)]:
                left.unlink()


@contextmanager
def working_in(folder: Path, alone: bool = False) -> Iterator[None]:
    """Say that this process, and what it forks, works in `folder`, until the last of them ends.

    alone: with nobody else. Raises BenchError where others are in the way. Where the system has no
    such locks, nobody is.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BenchError(f"cannot open {folder}: {error.strerror or error}") from error
    try:
        fcntl.flock(held, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        reason = (
            "a site or a command works with the database there; stop it first"
            if alone
            else "its database is being restored; try again when that is done"
        )
        raise BenchError(f"{folder} is in use: {reason}") from None
    except OSError:  # a network drive without locks
        pass
    try:
        yield
    finally:
        os.close(held)


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
    """Bring a file, or a folder's list of files, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
