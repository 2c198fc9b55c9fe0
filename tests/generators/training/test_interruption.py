"""Ctrl-C waits for the end of the step, and only the first one."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from benchmark.generators.training.interruption import Interruption


@pytest.fixture(autouse=True)
def python_s_own_handler() -> Iterator[None]:
    """A shell ignores SIGINT for what it starts in the background, and that is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_waits_and_the_second_does_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.asked
        press_ctrl_c()
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


def test_afterwards_ctrl_c_is_itself_again() -> None:
    with Interruption():
        pass
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_outside_the_main_thread_nothing_changes() -> None:
    asked = []

    def work() -> None:
        with Interruption() as interruption:
            asked.append(interruption.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert asked == [False]
