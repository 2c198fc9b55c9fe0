"""Least-filled first, never over the quota, whatever races for the last place."""

import threading
from collections import Counter
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from study_server import annotators, counting, store
from study_server.assignment import plan
from study_server.links import Ticket
from study_server.models import Annotator, Assignment, Item, Judgment
from study_server.recording import Outcome, record
from study_server.served import Served
from study_server.tasks.question import Answer

from .conftest import Clock, said

YES = said(True, True, "geometry")


def newcomer(served: Served, simulated: str = "") -> int:
    """An annotator who passed the quiz and holds the lease of a first item."""

    def work(db) -> int:
        public_id = annotators.register(db, "invite", served.clock(), simulated=simulated)
        annotator = db.scalars(select(Annotator).where(Annotator.public_id == public_id)).one()
        annotator.stage = "judging"
        annotators.resume(db, annotator.id, served.bundle, served.clock())
        return annotator.id

    return served.store.write(work)


def judge(
    served: Served, annotator_id: int, position: int, answer: Answer = YES, key: str = ""
) -> Outcome:
    """One answer to the item at `position`."""
    with served.store.read() as db:
        item_id = db.scalars(
            select(Assignment.item_id).where(
                Assignment.annotator_id == annotator_id, Assignment.position == position
            )
        ).one()
    key = key or f"{annotator_id}-{position}"
    bundle, now = served.bundle, served.clock()
    ticket = Ticket(annotator_id, position, item_id, now - 3, key)
    return served.store.change(lambda db: record(db, ticket, answer, bundle, now))


def judge_all(served: Served, annotator_id: int) -> int:
    """Judge to the end; returns how many."""
    position, count = 0, 0
    while position is not None:
        position = judge(served, annotator_id, position).position
        count += 1
    return count


def ratings(served: Served, simulated: bool = False) -> Counter:
    """Judged first showings by item."""
    with served.store.read() as db:
        rows = db.execute(
            select(Judgment.item_id, func.count(func.distinct(Judgment.annotator_id)))
            .where(Judgment.repeat == 0, Judgment.simulated == simulated)
            .group_by(Judgment.item_id)
        )
        directions = {k for k, check in served.bundle.checks.items() if not check}
        return Counter({k: n for k, n in rows if k in directions})


@pytest.mark.parametrize("directions", [1, 2, 6, 40])
def test_plans_are_personal_and_keep_their_promises(directions: int) -> None:
    repeats = round(0.1 * directions)
    for seed in range(200):
        slots = plan(seed, directions, repeats, 2, 1)
        kinds = Counter(slot.kind for slot in slots)
        assert kinds["direction"] == directions
        assert kinds["good"] == 2
        assert kinds["still"] == 1
        assert kinds["repeat"] == min(repeats, directions // 2)
        assert slots[0].kind == "direction"
        for position, slot in enumerate(slots):
            if slot.kind == "repeat":
                before = Counter(s.kind for s in slots[:position])["direction"]
                assert before > slot.of + 1  # something else lies between the two showings
    orders = {plan(seed, 40, 4, 2, 1) for seed in range(50)}
    assert len(orders) > 45


def test_everyone_is_served_until_the_quota_is_met_exactly(served: Served) -> None:
    # 18 directions at 3 ratings are 54 places: nine people with six each.
    for _ in range(9):
        assert judge_all(served, newcomer(served)) == 9  # 6, a repeat, and two checks
    filled = ratings(served)
    assert len(filled) == 18
    assert set(filled.values()) == {3}
    assert (
        _first_kind(served, newcomer(served)) == "none"
    )  # no direction is left, and no check alone


def test_the_least_filled_come_first(served: Served) -> None:
    for _ in range(3):
        judge_all(served, newcomer(served))
    assert set(ratings(served).values()) == {1}  # 18 directions, 18 answers: none twice
    assert len(ratings(served)) == 18


def test_live_leases_count_and_expired_ones_do_not(served: Served, clock: Clock) -> None:
    sitting = [newcomer(served) for _ in range(54)]  # every place leased, nothing judged
    assert _first_kind(served, newcomer(served)) == "none"
    clock.now += 31 * 60
    fresh = newcomer(served)
    assert _first_kind(served, fresh) == ""
    assert judge(served, sitting[0], 0).status == "stored"  # expired, but still below the quota


def _first_kind(served: Served, annotator_id: int) -> str:
    with served.store.read() as db:
        item_id = db.scalars(
            select(Assignment.item_id).where(Assignment.annotator_id == annotator_id)
        ).first()
    return "none" if item_id is None else served.bundle.checks[item_id]


def test_an_expired_lease_does_not_break_the_quota(served: Served, clock: Clock) -> None:
    sleeper = newcomer(served)
    clock.now += 31 * 60
    for _ in range(9):
        judge_all(served, newcomer(served))
    assert set(ratings(served).values()) == {3}
    outcome = judge(served, sleeper, 0)
    assert outcome.status == "full"
    assert set(ratings(served).values()) == {3}


def test_simulated_annotators_take_no_place_from_people(served: Served) -> None:
    for _ in range(9):
        judge_all(served, newcomer(served, simulated="careful"))
    assert set(ratings(served, simulated=True).values()) == {3}
    assert judge_all(served, newcomer(served)) == 9
    with served.store.read() as db:
        marks = db.execute(
            select(Annotator.simulated, Judgment.simulated).join(
                Annotator, Annotator.id == Judgment.annotator_id
            )
        ).all()
    assert {(bool(profile), mark) for profile, mark in marks} == {(True, True), (False, False)}


def test_a_thousand_races_for_the_last_place(served: Served) -> None:
    """Twenty threads, one with a store of its own, rush for the last six places of a study. None
    gives up: what happens to who waits for too long is another test's."""
    from study_server.served import open_study

    for _ in range(8):
        judge_all(served, newcomer(served))  # 48 of 54 places
    crowd, other = (open_study(served.bundle, clock=served.clock, patience=300) for _ in range(2))
    failures = []

    def rush(study: Served, count: int) -> None:
        try:
            for _ in range(count):
                annotator_id = newcomer(study)
                with study.store.read() as db:
                    rows = db.execute(
                        select(Assignment.position, Assignment.repeat).where(
                            Assignment.annotator_id == annotator_id
                        )
                    ).all()
                for position, _repeat in rows:
                    judge(study, annotator_id, position)
        except Exception as error:  # noqa: BLE001  any failure fails the test
            failures.append(error)

    threads = [threading.Thread(target=rush, args=(study, 50)) for study in [other] + [crowd] * 19]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.finish_screening()
    for study in (crowd, other):
        study.store.close()
    assert failures == []
    with served.store.read() as db:  # the clock stands, so that every lease is live
        rows = db.execute(
            select(Assignment.item_id, func.count())
            .where(Assignment.repeat == 0)
            .group_by(Assignment.item_id)
        ).all()
    checks = served.bundle.checks
    assert [count for item_id, count in rows if not checks[item_id]] == [3] * 18
    assert max(ratings(served).values()) == 3


def test_ratings_are_counted_as_they_are_given(served: Served, clock: Clock) -> None:
    """The count at each item, also that of a database from before there was one."""
    people = [newcomer(served) for _ in range(3)] + [newcomer(served, simulated="careful")]
    for someone in people:
        for position in (0, 1, 2):
            judge(served, someone, position)
        judge(served, someone, 0, said(False, False), key=f"edit-{someone}")
    counted = _counts(served)
    assert sum(counted.values()) == 12
    with served.store.read() as db:
        recount = {
            (item_id, simulated): count
            for item_id, simulated, count in db.execute(
                select(Assignment.item_id, Assignment.simulated, func.count())
                .where(Assignment.repeat == 0, Assignment.judged)
                .group_by(Assignment.item_id, Assignment.simulated)
            )
        }
    assert counted == recount
    downgraded(served, "0001")
    served.store.migrate()
    assert _counts(served) == counted


def downgraded(served: Served, revision: str) -> None:
    """Take the database back to an earlier revision."""
    with served.store.engine.connect().execution_options(write=True) as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.commit()


def _counts(served: Served) -> dict[tuple[str, bool], int]:
    with served.store.read() as db:
        rows = db.execute(select(Item.id, Item.ratings, Item.simulated_ratings)).all()
    counts = {(item_id, False): people for item_id, people, _ in rows}
    counts |= {(item_id, True): bots for item_id, _, bots in rows}
    return {key: count for key, count in counts.items() if count}
