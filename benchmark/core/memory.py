"""Memory of this process: glibc told to keep what it has, and how much there is left to take.

A training step gives back and takes again the same few hundred megabytes. By default glibc hands
them to the system each time, which then has to clear every page anew.
"""

import contextlib
import ctypes
import platform
from pathlib import Path

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX = -1, -2, -4, -8  # of `mallopt`, from malloc.h
MOST = 2**31 - 1  # bytes: what an int of C holds
PAD = 256 << 20  # bytes that the heap grows by at least
MEMORY = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")  # of a container that may not take all that the machine has


def keep() -> None:
    """Let this process keep the memory that it frees, for its next step; silent without glibc.

    All three settings belong together: without the padding, the heap grows by little at a time.
    """
    if glibc := _glibc():
        glibc.mallopt(TRIM_THRESHOLD, MOST)
        glibc.mallopt(TOP_PAD, PAD)
        glibc.mallopt(MMAP_MAX, 0)


def share() -> None:
    """Let threads that start from now on take memory from one heap: each would keep what it frees
    in a heap of its own. Silent without glibc, and without effect once a second thread has one."""
    if glibc := _glibc():
        glibc.mallopt(ARENA_MAX, 1)


def give_back() -> None:
    """Hand what is kept and not in use to the system; silent without glibc."""
    if glibc := _glibc():
        glibc.malloc_trim(0)


def available() -> int | None:
    """Bytes that processes can still take here, in a container its own; None where nobody knows."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration, IndexError):
        lines = MEMORY.read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(1024 * int(line.split()[1]))
    with contextlib.suppress(OSError, ValueError):  # also where the limit is "max"
        limit, used = (GROUP / f"memory.{name}" for name in ("max", "current"))
        found.append(max(0, int(limit.read_text()) - int(used.read_text())))
    return min(found, default=None)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
