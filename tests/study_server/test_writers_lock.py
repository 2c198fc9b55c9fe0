"""One process writes at a time; a dead one holds nothing."""

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


def test_one_process_at_a_time(lock: WritersLock) -> None:
    """Each adds to one number in two steps, which loses some where two do so at once."""
    number = mmap.mmap(-1, 8)

    def add() -> None:
        for _ in range(2_000):
            with lock.held():
                (seen,) = struct.unpack("q", number[:8])
                number[:8] = struct.pack("q", seen + 1)

    members = []
    for _ in range(3):
        member = os.fork()
        if member == 0:
            add()
            os._exit(0)
        members.append(member)
    assert [os.waitpid(member, 0)[1] for member in members] == [0, 0, 0]
    assert struct.unpack("q", number[:8]) == (3 * 2_000,)


def take(lock: WritersLock) -> None:
    with lock.held():
        pass


def test_a_process_that_dies_with_the_lock_leaves_it_to_others(lock: WritersLock) -> None:
    for _ in range(3):
        member = os.fork()
        if member == 0:
            with lock.held():
                os.kill(os.getpid(), signal.SIGKILL)
        assert os.waitpid(member, 0)[1] == signal.SIGKILL
        taken = threading.Thread(target=take, args=(lock,), daemon=True)
        taken.start()
        taken.join(timeout=20)
        assert not taken.is_alive()


def test_an_error_gives_it_on(lock: WritersLock) -> None:
    with pytest.raises(ValueError, match="broken"), lock.held():
        raise ValueError("broken")
    member = os.fork()
    if member == 0:
        signal.alarm(20)
        take(lock)
        os._exit(0)
    assert os.waitpid(member, 0)[1] == 0
