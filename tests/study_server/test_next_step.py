"""Nobody's answer waits for the screening of all others, however long that takes."""

import threading
import time
from collections.abc import Iterator

import pytest

from study_server import counting, next_step
from study_server.leases import places
from study_server.links import Ticket
from study_server.models import Screened
from study_server.recording import Outcome
from study_server.served import Served

from .forking_server import wait_until
from .test_assignment import YES, judge, judge_all, newcomer


class Rules:
    """Rules that give no verdict before they are `let` go; `asked`: somebody waits for them."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def __call__(self, *known: object) -> tuple[()]:
        self.asked.set()
        assert self.let.wait(20)
        return ()


@pytest.fixture
def rules(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rules]:
    rules = Rules()
    monkeypatch.setattr(counting, "verdicts", rules)
    yield rules
    rules.let.set()
    wait_until(lambda: not screening())


def screening() -> bool:
    """Whether somebody's screening goes on beside the requests."""
    return any(thread.name == "screening" for thread in threading.enumerate())


def screened(served: Served) -> bool:
    with served.store.read() as db:
        return db.get(Screened, False) is not None


def last_answer(served: Served, annotator_id: int) -> Outcome:
    """Judge to the end, the last one as the site takes it."""
    with served.store.look() as db:
        last = places(db, annotator_id)[-1]
    while last.position < 8:
        position = judge(served, annotator_id, last.position).position
        with served.store.look() as db:
            last = next(place for place in places(db, annotator_id) if place.position == position)
    ticket = Ticket(annotator_id, last.position, last.item_id, served.clock() - 3, "last")
    return next_step.take(served, ticket, YES, False)


def test_who_has_finished_waits_for_no_screening(served: Served, rules: Rules) -> None:
    assert last_answer(served, newcomer(served)).step.status == "finished"
    assert rules.asked.wait(20)
    assert not screened(served)
    assert judge(served, newcomer(served), 0).status == "stored"  # nor do others meanwhile
    rules.let.set()
    wait_until(lambda: screened(served))


def test_who_may_have_no_place_waits_a_moment_and_then_on_a_page(
    served: Served, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):  # all places
        judge_all(served, newcomer(served))
    late = newcomer(served)
    monkeypatch.setattr(counting, "SOON", 0.05)
    began = time.monotonic()
    assert next_step.proceed(served, late, False).status == "full"
    assert time.monotonic() - began >= 0.05
    assert next_step.proceed(served, late, False).status == "full"  # the rules are asked once
    assert not screened(served)  # nobody is told that no place is left before they have said so
    rules.let.set()
    wait_until(lambda: not screening())
    assert next_step.proceed(served, late, False).status == "finished"


def test_a_screening_that_fails_is_told_in_the_log_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counting, "verdicts", lambda *known: 1 / 0)
    assert last_answer(served, newcomer(served)).step.status == "finished"
    wait_until(lambda: "who counts could not be found out" in caplog.text)
    assert "ZeroDivisionError" in caplog.text
