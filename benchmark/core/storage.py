"""Files that are either whole or absent, however the process ends."""

import contextlib
import hashlib
import os
import re
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from benchmark.core.errors import BenchError

PART = re.compile(r"\..+\.(\d+)(?:@(.*))?\.part")  # what `write_atomically` calls a file on its way
ABANDONED = 3600.0  # seconds after which no other host still writes a part


def write_atomically(path: Path, write: Callable[[Path], object], mode: int = 0o644) -> None:
    """Let `write` fill a file beside `path`, bring it to disk, then rename it over `path`.

    A reader sees the old file or the new one, never a part of one. mode: who may read it, from
    before its first byte. Raises BenchError where the
    folder cannot be written or the disk is full.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}@{_host()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch(mode)
        write(part)
        part.chmod(mode)  # safetensors makes files that nobody else may read
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}") from error
    except (
        RuntimeError,
        SafetensorError,
    ) as error:  # what torch and safetensors make of a full disk
        reason = " ".join(str(error).split())
        raise BenchError(f"cannot write {path}; is the disk full? ({reason})") from error
    finally:
        with contextlib.suppress(OSError):  # where the folder is no folder, there is no part
            part.unlink()


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write the text as UTF-8, whole or not at all."""
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"), mode)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_plain(path: Path) -> bool:
    """Whether a regular file is there, and no link, pipe, folder or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):  # a name with a null byte
        return False


def is_running(pid: int) -> bool:
    """Whether a process of this number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it runs, and belongs to somebody else
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # no such folder on this system
        return True
    return state.rpartition(")")[2].split()[:1] != ["Z"]  # ended, but nobody asked how


def remove_parts(folder: Path) -> None:
    """Remove, at any depth, the parts that killed processes left behind.

    Other hosts may share the folder: what their processes write stays for as long as that may take.
    """
    for part in folder.rglob(".*.part"):
        named = PART.fullmatch(part.name)
        if named and is_plain(part) and _is_abandoned(part, int(named[1]), named[2]):
            with contextlib.suppress(OSError):
                part.unlink()


def _is_abandoned(part: Path, pid: int, host: str | None) -> bool:
    if host in (None, _host()):
        return not is_running(pid)
    try:
        return time.time() - part.stat().st_mtime > ABANDONED
    except OSError:
        return False


def _host() -> str:
    """This machine's name, as far as it can be part of a file's."""
    return re.sub(r"[^\w-]", "-", socket.gethostname())
