"""The way to a database that hangs: few wait, the others are told at once."""

import threading

import pytest

from study_server import gate as gates
from study_server.gate import Gate
from study_server.trouble import Away


def test_no_more_than_its_places_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "WAIT", 0.01)
    gate = Gate(2)
    first, _ = gate.enter(), gate.enter()
    with pytest.raises(Away):
        gate.enter()
    gate.leave(first, failed=False)
    gate.enter()


def test_a_place_that_comes_free_is_taken() -> None:
    gate = Gate(1)
    since, entered = gate.enter(), []
    waiting = threading.Thread(target=lambda: entered.append(gate.enter()))
    waiting.start()
    gate.leave(since, failed=False)
    waiting.join(timeout=5)
    assert entered


def test_after_a_long_failure_one_tries_alone() -> None:
    gate = Gate(3)
    long_ago = gate.enter() - 2 * gates.SLOW
    gate.leave(long_ago, failed=True)
    trying = gate.enter()
    with pytest.raises(Away):  # at once, though there are places
        gate.enter()
    gate.leave(trying, failed=False)
    gate.enter()
    gate.enter()


def test_failures_that_come_at_once_hold_nobody_up() -> None:
    gate = Gate(3)
    gate.leave(gate.enter(), failed=True)
    gate.enter()
    gate.enter()
