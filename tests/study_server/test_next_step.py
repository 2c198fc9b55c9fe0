"""Nobody's answer waits for the screening of all others, however long that takes."""

import threading
import time
from collections.abc import Iterator

import pytest

from study_server import counting, erasure, next_step
from study_server.leases import places
from study_server.links import Ticket
from study_server.models import Screened
from study_server.recording import Outcome
from study_server.served import Served

from .forking_server import wait_until
from .test_assignment import YES, judge, judge_all, newcomer, said


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


def test_who_has_finished_waits_for_no_screening_and_nor_do_others(
    served: Served, rules: Rules
) -> None:
    assert last_answer(served, newcomer(served)).step.status == "finished"
    assert rules.asked.wait(20)
    assert last_answer(served, newcomer(served)).step.status == "finished"
    assert not screened(served)
    rules.let.set()
    wait_until(lambda: screened(served))


def test_a_full_study_ends_for_who_comes_late_however_long_the_rules_take(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where others go on to change their answers."""
    everybody = []
    for _ in range(9):  # all places, one after another: who is there already holds one
        everybody.append(newcomer(served))
        judge_all(served, everybody[-1])
    late = newcomer(served)

    def slow(*known: object) -> tuple[()]:
        time.sleep(0.3)
        return ()

    monkeypatch.setattr(counting, "verdicts", slow)
    assert counting.is_full(served, ask=True)
    judge(served, everybody[0], 0, said(False, False, ""), key="changed")
    served.clock.now += 60
    assert next_step.proceed(served, late, False).status == "finished"


def test_where_there_are_no_threads_left_the_rules_are_asked_all_the_same(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert last_answer(served, newcomer(served)).step.status == "finished"
    assert screened(served)
    counting.finish_screening()  # and the next one can go on


def test_who_withdraws_does_not_wait_for_a_screening_that_goes_on(
    served: Served, rules: Rules
) -> None:
    someone = newcomer(served)
    assert last_answer(served, newcomer(served)).step.status == "finished"
    assert rules.asked.wait(20)
    erasure.erase_now(served, someone, "participant", "")
    assert not rules.let.is_set()
    rules.let.set()
    counting.finish_screening()
    assert not screened(served)  # it looked before somebody withdrew
    assert counting.screen_now(served)


def test_a_screening_that_fails_is_told_in_the_log_alone_without_what_was_said(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = " ".join(("my", "own", "words"))
    monkeypatch.setattr(counting, "verdicts", lambda *known: int(words))
    assert last_answer(served, newcomer(served)).step.status == "finished"
    counting.finish_screening()
    assert "who counts could not be found out: ValueError" in caplog.text
    assert "test_next_step.py" in caplog.text
    assert "my own words" not in caplog.text
