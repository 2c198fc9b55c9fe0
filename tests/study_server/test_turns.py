"""Turns: one thread works at a time, and nobody waits for a turn for long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from study_server import gate
from study_server import turns as module
from study_server.gate import Gate
from study_server.served import Served
from study_server.store import Store
from study_server.turns import Turns

from .conftest import Visitor, signed_in
from .forking_server import wait_until
from .test_assignment import newcomer
from .test_store import held_up

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


def test_on_a_server_nobody_waits_for_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 10.0)
    store, had = Store("postgresql+psycopg://study@127.0.0.1:1/study"), []

    def work() -> None:
        with store.turns.turn():
            had.append(True)

    with store.turns.turn():
        other = threading.Thread(target=work)
        other.start()
        other.join(timeout=5)
        assert had
        with store.turns.away():
            pass
    store.close()


# ------------------------------------------------------------ in the site


@contextmanager
def asked(visitor: Visitor, method: str, path: str) -> Iterator[list[int]]:
    """A request in a thread of its own; the list gets its status."""
    statuses: list[int] = []
    ask = getattr(visitor.client, method)
    thread = threading.Thread(target=lambda: statuses.append(ask(path).status_code))
    thread.start()
    yield statuses
    thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.fixture
def long_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not give its turn up has it until the end of the test."""
    monkeypatch.setattr(module, "LONGEST", 20.0)


def answered_at_once(visitor: Visitor) -> bool:
    with asked(visitor, "get", "/consent") as statuses:
        began = time.monotonic()
        while not statuses and time.monotonic() - began < 5:
            time.sleep(0.01)
        return statuses == [200]


def test_a_request_has_a_turn(app: Flask, served: Served, visitor: Visitor) -> None:
    seen = []
    app.view_functions["pages.study"] = lambda: str(seen.append(served.store.turns._taken()))
    visitor.get("/study")
    assert seen == [True]
    assert not served.store.turns._taken()


@pytest.mark.usefixtures("long_turns")
def test_others_are_answered_while_a_page_of_the_staff_takes_long(
    app: Flask, served: Served, visitor: Visitor
) -> None:
    staff, begun, end = signed_in(app, served), threading.Event(), threading.Event()
    app.view_functions["admin.items"] = lambda: str(begun.set() or end.wait(20))
    with asked(staff, "get", "/admin/items"):
        assert begun.wait(20)
        quick = answered_at_once(visitor)
        end.set()
    assert quick


@pytest.mark.usefixtures("long_turns")
def test_others_are_answered_while_one_waits_at_the_gate(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, end, enter = threading.Event(), threading.Event(), Gate.enter

    def once(self: Gate) -> float:
        if not waits.is_set():
            waits.set()
            end.wait(20)
        return enter(self)

    monkeypatch.setattr(Gate, "enter", once)
    with asked(Visitor(app.test_client()), "get", "/study"):
        assert waits.wait(20)
        quick = answered_at_once(visitor)
        end.set()
    assert quick


@pytest.mark.usefixtures("long_turns")
def test_others_are_answered_while_one_waits_to_write(
    app: Flask, served: Served, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.view_functions["pages.quiz"] = lambda: str(newcomer(served))
    with (
        held_up(served.store, monkeypatch) as free,
        asked(Visitor(app.test_client()), "get", "/quiz") as statuses,
    ):
        wait_until(lambda: served.store._led)
        quick = answered_at_once(visitor)
        free.set()
    assert quick
    assert statuses == [200]


@pytest.mark.usefixtures("long_turns")
def test_what_is_written_is_worked_out_in_a_turn(served: Served) -> None:
    seen = []
    served.store.write(lambda _: seen.append(served.store.turns._taken()))
    assert seen == [True]


def test_pages_of_the_staff_leave_places_to_annotators(
    app: Flask, served: Served, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "WAIT", 0.05)
    staff, end, inside = signed_in(app, served), threading.Event(), []
    app.view_functions["admin.items"] = lambda: str(inside.append(1) or end.wait(20))
    with (
        asked(staff, "get", "/admin/items") as first,
        asked(staff, "get", "/admin/items") as second,
        asked(staff, "get", "/admin/items") as third,
        asked(staff, "get", "/admin/items") as fourth,
    ):
        wait_until(lambda: len(inside) + len(first + second + third + fourth) == 4)
        quick = answered_at_once(visitor)
        end.set()
    assert quick
    assert sorted(first + second + third + fourth) == [200, 200, 503, 503]
