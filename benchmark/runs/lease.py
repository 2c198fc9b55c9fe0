"""One process at a time computes in a run's folder: whoever holds its lease.

The lease is a file that only one process can create. It says who holds it, and its time shows that
the holder is alive. A lease whose holder is gone is taken over.
"""

import contextlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
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


@contextlib.contextmanager
def lease(run: Path) -> Iterator[None]:
    """Hold the folder while entered, and remove what killed processes left half written there.

    Raises BenchError in one line that names the holder where another process has the lease, at once
    or, where it was taken over after a long silence, at the end.
    """
    path, own = run / FILE, secrets.token_hex(8)
    made = not run.exists()
    if not made and not run.is_dir():
        raise BenchError(f"{run} is a file; give the folder of a run")
    try:
        run.mkdir(parents=True, exist_ok=True)
        _take(path, own)
    except OSError as error:
        raise BenchError(f"cannot write {run}: {error.strerror or error}") from error
    over, lost = threading.Event(), threading.Event()
    beats = threading.Thread(target=_beat, args=(path, own, over, lost), daemon=True)
    beats.start()
    try:
        remove_parts(run)
        yield
    finally:
        over.set()
        beats.join()
        if _content(path).get("token") == own:
            path.unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):  # nothing came into it
                run.rmdir()
    if lost.is_set():
        raise BenchError(
            f"{run}: this process was silent for so long that {_who(_content(path))} took over; "
            "run the command again when that has ended"
        )


def _take(path: Path, own: str) -> None:
    """Create the lease, in place of one whose holder is gone. Raises BenchError."""
    holder = {
        "token": own,
        "host": socket.gethostname(),
        "space": _space(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    whole = path.with_name(f".{path.name}.{own}.part")  # so that nobody ever sees half a lease
    whole.write_text(json.dumps(holder) + "\n", encoding="utf-8")
    try:
        for _ in range(ATTEMPTS):
            with contextlib.suppress(FileExistsError):
                os.link(whole, path)
                return
            if _took_over(path, whole):
                return
            time.sleep(PAUSE)
    finally:
        whole.unlink()
    raise BenchError(f"{path.parent} is in use by several other processes; try again")


def _took_over(path: Path, whole: Path) -> bool:
    """Put this process's lease in place of one whose holder is gone; False where another process
    is about to. Raises BenchError where somebody holds it."""
    _refuse_if_held(path)
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
        held = _refuse_if_held(path)
        whole.replace(path)
        whole.touch()  # what is removed when this process has the lease
        log.warning("%s was left by %s, which has ended", path.parent, _who(held))
        return True
    finally:
        turn.unlink(missing_ok=True)


def _refuse_if_held(path: Path) -> dict[str, Any]:
    """What a lease says whose holder is gone. Raises BenchError where somebody holds it."""
    held = _content(path)
    if _alive(path, held):
        raise BenchError(
            f"{path.parent} is in use by {_who(held)}; wait until it has ended, or choose another "
            "folder with --out"
        )
    return held


def _alive(path: Path, held: dict[str, Any]) -> bool:
    """Whether the holder still runs: asked of the system where it can know, else by its beat."""
    try:
        silent = time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return False
    here = (held.get("host"), held.get("space")) == (socket.gethostname(), _space())
    pid = held.get("pid")
    if here and isinstance(pid, int) and pid > 0 and not is_running(pid):
        return False
    return silent < STALE


def _beat(path: Path, own: str, over: threading.Event, lost: threading.Event) -> None:
    while not over.wait(BEAT):
        if _content(path).get("token") != own:
            lost.set()
            return
        with contextlib.suppress(OSError):
            os.utime(path)


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
