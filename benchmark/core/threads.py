"""Threads of the CPU: how many compute, and that those without work sleep until there is some.

The last bits of a gradient depend on the number of threads, so a cell's settings say it, and not
the machine. By default OpenMP's threads wait by spinning: beside a busy neighbour each waits for
one that spins, and a step takes many times as long.
"""

import contextlib
import os
from pathlib import Path

POLICY = "OMP_WAIT_POLICY"
SHARE = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds in a period, and the period


def wait_asleep() -> None:
    """Let OpenMP's threads sleep while they wait, unless the user chose; torch must not be imported
    yet, here or in a process that this one starts."""
    os.environ.setdefault(POLICY, "passive")


def use(count: int) -> None:
    """Compute with so many threads from now on, in the thread that calls this."""
    import torch  # here, so that `wait_asleep` comes before it

    torch.set_num_threads(count)


def cores() -> int:
    """How many cores this process may use, of the machine or, in a container, of its share."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = here or 1
    with contextlib.suppress(OSError, ValueError):  # also where the share is "max"
        microseconds, period = map(int, SHARE.read_text().split())
        found = min(found, max(1, microseconds // period))
    return found
