"""Turns: one thread works at a time, and nobody waits for a turn for long."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from study_server import turns as module
from study_server.turns import Turns

Other = Callable[[float], bool]


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def worked(turns: Turns) -> Iterator[Other]:
    """Whether another thread that wants a turn has had it after so many seconds."""
    threads = []

    def work() -> None:
        with turns.turn():
            pass

    def within(seconds: float) -> bool:
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        threads[-1].join(timeout=seconds)
        return not threads[-1].is_alive()

    yield within
    for thread in threads:
        thread.join(timeout=20)


def test_others_work_after_a_turn_and_while_its_thread_is_away(
    turns: Turns, worked: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 10.0)
    with turns.turn():
        assert not worked(0.05)
        with turns.turn():  # a turn within a turn is the same one
            pass
        assert not worked(0.05)
        with turns.away():
            assert worked(5)
        assert not worked(0.05)
    assert worked(5)


def test_who_is_away_without_a_turn_comes_back_without_one(turns: Turns, worked: Other) -> None:
    with turns.away():
        pass
    assert worked(5)


def test_a_turn_may_end_before_its_work(turns: Turns, worked: Other) -> None:
    with turns.turn():
        turns.give()
        with turns.away():
            pass
        assert worked(5)
    assert worked(5)


def test_a_turn_that_ends_in_an_error_is_given_on(turns: Turns, worked: Other) -> None:
    with pytest.raises(ValueError, match="broken"), turns.turn():
        raise ValueError("broken")
    assert worked(5)


def test_nobody_waits_for_a_turn_for_long(
    turns: Turns, worked: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 0.05)
    with turns.turn():
        began = time.monotonic()
        assert worked(20)
        assert time.monotonic() - began >= 0.05
        monkeypatch.setattr(module, "LONGEST", 10.0)
        assert not worked(0.05)  # who had none gave nothing back
