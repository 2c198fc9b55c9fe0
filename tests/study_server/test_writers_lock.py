"""One writer at a time, among threads and among processes; a dead one holds nothing."""

import mmap
import os
import signal
import struct
import threading
from collections.abc import Iterator

import pytest

from study_server.writers_lock import WritersLock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def lock() -> Iterator[WritersLock]:
    lock = WritersLock()
    lock.share()
    yield lock
    lock.close()


def test_one_at_a_time_among_threads_and_processes(lock: WritersLock) -> None:
    """Each adds to one number in two steps, which loses some where two do so at once."""
    number = mmap.mmap(-1, 8)

    def add() -> None:
        for _ in range(2_000):
            with lock:
                (seen,) = struct.unpack("q", number[:8])
                number[:8] = struct.pack("q", seen + 1)

    def work() -> None:
        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    members = []
    for _ in range(3):
        member = os.fork()
        if member == 0:
            work()
            os._exit(0)
        members.append(member)
    assert [os.waitpid(member, 0)[1] for member in members] == [0, 0, 0]
    assert struct.unpack("q", number[:8]) == (3 * 2 * 2_000,)


def test_a_process_that_dies_with_the_lock_leaves_it_to_others(lock: WritersLock) -> None:
    for _ in range(3):
        member = os.fork()
        if member == 0:
            lock.acquire()
            os.kill(os.getpid(), signal.SIGKILL)
        assert os.waitpid(member, 0)[1] == signal.SIGKILL
        taken = threading.Thread(target=lambda: lock.acquire() and lock.release(), daemon=True)
        taken.start()
        taken.join(timeout=20)
        assert not taken.is_alive()


def test_nobody_waits_longer_than_they_said(lock: WritersLock) -> None:
    with lock:
        got = []
        waits = threading.Thread(target=lambda: got.append(lock.acquire(timeout=0.01)))
        waits.start()
        waits.join()
    assert got == [False]
    assert lock.acquire(timeout=0.01)
    lock.release()
