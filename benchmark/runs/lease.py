"""Whoever holds a lease may compute: one process in a run's folder, one on each unit of it.

The lease is a file that only one process can create. It says who holds it, and its time shows that
the holder is alive. A lease whose holder is gone is taken over. Nothing here needs more of a file
system than links and renames, so several hosts may share one.
"""

import contextlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.json_files import read_object
from benchmark.core.storage import is_running, remove_parts

log = logging.getLogger("bench")

FILE = ".lease.json"
BEAT = 5.0  # seconds between signs of life
ATTEMPTS = 5  # to take a lease that others want too
PAUSE = 0.01  # seconds between them
STALE = 60.0  # seconds without one after which nobody holds the lease
LOOKS = 3  # at a lease that cannot be read: a shared file system may lose it for a moment
SOON = 0.5  # seconds between them


class InUse(BenchError):
    """Another process holds the lease; the message names it."""


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds, or held. what: the thing that it is for, in words."""

    path: Path
    what: str
    token: str
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise BenchError where another process took over, as this one was silent for long, or
        where the lease stays away, so that another may."""
        if not self.lost.is_set() and stands(self.path, self.token):
            return
        held = _content(self.path)
        if held.get("token") in (None, self.token):
            raise BenchError(f"{self.what}: {self.path} was not there; run the command again")
        raise BenchError(
            f"{self.what}: this process was silent for so long that {_who(held)} "
            "took over; run the command again when that has ended"
        )


@contextlib.contextmanager
def lease(run: Path) -> Iterator[Lease]:
    """Hold a run's folder, and remove what killed processes left half written there.

    Raises BenchError in one line that names the holder where another process has the lease, at once
    or, where it was taken over after a long silence, at the end.
    """
    made = not run.exists()
    if not made and not run.is_dir():
        raise BenchError(f"{run} is a file; give the folder of a run")
    try:
        with hold(run / FILE, str(run), log.warning) as held:
            remove_parts(run)
            yield held
    finally:
        if made:
            with contextlib.suppress(OSError):  # nothing came into it
                run.rmdir()
    if held.lost.is_set():
        held.check()


@contextlib.contextmanager
def hold(path: Path, what: str, say: Callable[..., object] = log.info) -> Iterator[Lease]:
    """Hold the lease at `path` while entered, with signs of life.

    what: the thing that it is for, in words. say: takes the words about a holder that is gone.
    Raises InUse where another process holds it.
    """
    own = Lease(path, what, secrets.token_hex(8))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(own, say)
    except OSError as error:
        raise BenchError(f"cannot write {path.parent}: {error.strerror or error}") from error
    over = threading.Event()
    beats = threading.Thread(target=_beat, args=(own, over), daemon=True)
    beats.start()
    try:
        yield own
    finally:
        over.set()
        beats.join()
        if stands(path, own.token):
            path.unlink(missing_ok=True)


def stands(path: Path, token: str) -> bool:
    """Whether the lease is still the one with this token; looks again where it cannot be read."""
    for _ in range(LOOKS - 1):
        if (found := _content(path).get("token")) is not None:
            return bool(found == token)
        time.sleep(SOON)
    return bool(_content(path).get("token") == token)


def is_beating(path: Path, token: str) -> bool:
    """Whether, at one look, the lease has this token and a sign of life of late."""
    try:
        return _content(path).get("token") == token and not is_silent(path)
    except OSError:
        return False


def is_silent(path: Path) -> bool:
    """Whether the lease is gone, or its holder has given no sign of life for long."""
    try:
        return time.time() - path.lstat().st_mtime >= STALE
    except FileNotFoundError:
        return True


def _take(own: Lease, say: Callable[..., object]) -> None:
    """Create the lease, in place of one whose holder is gone. Raises InUse."""
    path = own.path
    holder = {
        "token": own.token,
        "host": socket.gethostname(),
        "space": _space(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    whole = path.with_name(f".{path.name}.{own.token}.part")  # nobody ever sees half of it
    whole.write_text(json.dumps(holder) + "\n", encoding="utf-8")
    try:
        for _ in range(ATTEMPTS):
            with contextlib.suppress(FileExistsError):
                os.link(whole, path)
                return
            if _took_over(own, whole, say):
                return
            time.sleep(PAUSE)
    finally:
        whole.unlink()
    raise InUse(f"{own.what} is in use by several other processes; try again")


def _took_over(own: Lease, whole: Path, say: Callable[..., object]) -> bool:
    """Put this process's lease in place of one whose holder is gone; False where another process
    is about to. Raises InUse where somebody holds it."""
    path = own.path
    _refuse_if_held(own)
    turn = path.with_name(f".{path.name}.turn.part")  # one process at a time takes over
    try:
        turn.open("x").close()
    except FileExistsError:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - turn.stat().st_mtime > STALE:  # a process died within its turn
                turn.unlink()
        return False
    try:
        if not path.exists():  # its holder has ended meanwhile: take it as any other newcomer
            return False
        held = _refuse_if_held(own)
        whole.replace(path)
        whole.touch()  # what is removed when this process has the lease
        say("%s was left by %s, which has ended", own.what, _who(held))
        return True
    finally:
        turn.unlink(missing_ok=True)


def _refuse_if_held(own: Lease) -> dict[str, Any]:
    """What a lease says whose holder is gone. Raises InUse where somebody holds it."""
    held = _content(own.path)
    if _alive(own.path, held):
        raise InUse(
            f"{own.what} is in use by {_who(held)}; wait until it has ended, or choose another "
            "folder with --out"
        )
    return held


def _alive(path: Path, held: dict[str, Any]) -> bool:
    """Whether the holder still runs: asked of the system where it can know, else by its beat."""
    here = (held.get("host"), held.get("space")) == (socket.gethostname(), _space())
    pid = held.get("pid")
    if here and isinstance(pid, int) and pid > 0 and not is_running(pid):
        return False
    return not is_silent(path)


def _beat(own: Lease, over: threading.Event) -> None:
    """Give signs of life, until another process took the lease or it stays unreadable."""
    missed = 0
    while not over.wait(BEAT):
        found = _content(own.path).get("token")
        missed = missed + 1 if found is None else 0
        if found not in (None, own.token) or missed == LOOKS:
            own.lost.set()
            return
        with contextlib.suppress(OSError):
            os.utime(own.path)


def _content(path: Path) -> dict[str, Any]:
    try:
        return read_object(path)
    except BenchError:
        return {}


def _who(held: dict[str, Any]) -> str:
    pid, host, since = (held.get(key, "?") for key in ("pid", "host", "since"))
    return f"process {pid!s:.20} on {host!s:.60} since {since!s:.40}"


def _space() -> str:
    """Which process numbers are meant: containers of one host count their own."""
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""
