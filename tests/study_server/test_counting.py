"""A quota counts judgments that will count: honest people complete a study that others flood."""

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from study_server import annotators, counting, erasure, next_step, quality
from study_server.bundle import load_bundle
from study_server.caps import Refused, admit
from study_server.leases import places
from study_server.links import Ticket
from study_server.models import Annotator, Assignment, Exclusion, Item, Judgment, Screened
from study_server.screening import RULES
from study_server.served import Served, open_study
from study_server.simulate import PROFILES, Bot
from study_server.tasks.question import Answer

from .blobs import blob_bundle
from .conftest import Clock
from .test_assignment import judge, judge_all, newcomer

ITEMS, RATINGS, HONEST, CAP = 24, 10, 20, 12
LEAST = 0.7


def counts(served: Served, annotator_id: int) -> bool:
    with served.store.read() as db:
        return db.get_one(Annotator, annotator_id).counts


def stored_ratings(served: Served) -> dict[str, int]:
    with served.store.read() as db:
        return dict(db.execute(select(Item.id, Item.ratings).where(Item.kind == "direction")).all())


def name_of(served: Served, annotator_id: int) -> str:
    with served.store.read() as db:
        return db.get_one(Annotator, annotator_id).public_id


def hasten(served: Served, annotator_id: int, seconds: float = 0.9) -> None:
    """Let all that somebody has judged have taken less time than anyone needs to look."""
    served.store.write(
        lambda db: db.execute(
            update(Judgment).where(Judgment.annotator_id == annotator_id).values(seconds=seconds)
        )
    )


def step(served: Served, annotator_id: int) -> str:
    return next_step.proceed(served, annotator_id, False).status


# ---------------------------------------------------------------- who counts


def test_ratings_of_the_flagged_fill_no_place(served: Served, clock: Clock) -> None:
    hasty = []
    for _ in range(9):  # one after another: who is there already holds a place
        hasty.append(newcomer(served))
        judge_all(served, hasty[-1])
        hasten(served, hasty[-1])
    assert set(stored_ratings(served).values()) == {3}  # nobody has asked the rules yet
    late = newcomer(served)
    assert step(served, late) == "item"  # before anyone is turned away they are asked
    assert not any(counts(served, someone) for someone in hasty)
    assert set(stored_ratings(served).values()) == {0}
    assert judge(served, late, 0).status == "stored"
    assert sum(stored_ratings(served).values()) == 1
    # Who has finished is not called back.
    assert judge(served, hasty[0], 0, key="later").status == "finished"


def test_ratings_come_back_with_those_who_gave_them(served: Served, clock: Clock) -> None:
    someone = newcomer(served)
    judge_all(served, someone)
    before = stored_ratings(served)
    hasten(served, someone)
    assert counting.screen_now(served)
    assert sum(stored_ratings(served).values()) == 0
    hasten(served, someone, 5.0)
    judge(served, newcomer(served), 0)  # without a new judgment nothing is asked again
    clock.now += 60
    assert counting.screen_now(served)
    assert counts(served, someone)
    assert sum(stored_ratings(served).values()) == sum(before.values()) + 1


def test_an_answer_of_someone_who_does_not_count_is_stored_and_fills_nothing(
    served: Served,
) -> None:
    someone = newcomer(served)
    judge(served, someone, 0)
    counting.exclude(served, name_of(served, someone), "a robot")
    assert judge(served, someone, 1).status == "stored"
    assert sum(stored_ratings(served).values()) == 0


def test_the_rules_are_asked_only_where_answers_came_and_not_too_often(
    served: Served, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    verdicts = counting.verdicts
    monkeypatch.setattr(counting, "verdicts", lambda *all: asked.append(1) or verdicts(*all))
    someone = newcomer(served)
    for position in range(5):
        judge(served, someone, position)
    assert asked == []  # never at an ordinary answer
    for _ in range(2):
        assert counting.screen_now(served)
        assert len(asked) == 1
    judge(served, someone, 5)
    assert not counting.screen_now(served)  # an answer came, but at once
    clock.now += 60
    assert counting.screen_now(served)
    assert len(asked) == 2


def test_what_another_process_found_from_more_answers_stays(served: Served) -> None:
    someone = newcomer(served)
    judge_all(served, someone)
    hasten(served, someone)
    counting.screen_now(served)
    old = Screened(simulated=False, judgment_id=1, again_at=0.0)
    assert not served.store.write(lambda db: counting._apply(db, set(), set(), 0, old))
    assert not counts(served, someone)


@pytest.mark.parametrize("how", ["excluded", "erased"])
def test_what_was_found_while_somebody_left_is_of_no_use(
    served: Served, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Another process leaves somebody out, or erases them, while this one looks at everybody: all
    others are looked at again."""
    someone, other = newcomer(served), newcomer(served)
    judge_all(served, someone)
    judge_all(served, other)  # the newest answer is of somebody who stays
    asked, name, seen = counting.verdicts, name_of(served, someone), []

    def slow(counted: pd.DataFrame, *others: object) -> object:
        found = asked(counted, *others)
        seen.append(set(counted["annotator"]))
        if len(seen) == 1:
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr(counting, "screen_now", lambda *_: None)
                if how == "excluded":
                    counting.exclude(served, name, "a robot")
                else:
                    served.store.write(
                        lambda db: erasure.erase(db, served.bundle, someone, "participant", "", 0)
                    )
        return found

    monkeypatch.setattr(counting, "verdicts", slow)
    assert not counting.screen_now(served)
    with served.store.read() as db:
        assert db.get(Screened, False) is None  # nobody is told that the rules know
    assert counting.screen_now(served)
    assert len(seen) == 2
    assert (name in seen[1]) == (how == "excluded")
    assert counts(served, other)


def test_bots_and_people_count_apart(served: Served) -> None:
    bot = newcomer(served, simulated="straight")
    judge_all(served, bot)
    hasten(served, bot)
    counting.screen_now(served, simulated=True)
    assert counts(served, bot)  # no time is asked of bots
    with served.store.read() as db:
        assert db.get(Screened, False) is None


# ---------------------------------------------------------------- what the staff decide


def test_the_staff_exclude_and_take_back(served: Served, clock: Clock) -> None:
    one, other = newcomer(served), newcomer(served)
    for someone in (one, other):
        judge_all(served, someone)
    name = name_of(served, one)
    with pytest.raises(BenchError, match="is not excluded"):
        counting.exclude(served, name, "by mistake", excluded=False)
    for reason in ("", "  \n", "x" * 501):
        with pytest.raises(BenchError, match="give a reason"):
            counting.exclude(served, name, reason)
    with pytest.raises(BenchError, match="no annotator 'nobody'"):
        counting.exclude(served, "nobody", "too fast")
    counting.exclude(served, name, "answered by a script")
    assert sum(stored_ratings(served).values()) == 6
    people = {p.public_id: p for p in quality.persons(served, quality.answers(served))}
    assert people[name].decision.reason == "answered by a script"
    assert not people[name].counts
    with pytest.raises(BenchError, match="already excluded"):
        counting.exclude(served, name, "again")
    clock.now += 60
    counting.exclude(served, name, "it was no script", excluded=False)
    assert sum(stored_ratings(served).values()) == 12
    with served.store.read() as db:
        rows = db.execute(select(Exclusion.excluded, Exclusion.reason, Exclusion.created_at)).all()
    assert [tuple(row) for row in rows] == [
        (True, "answered by a script", clock.now - 60),
        (False, "it was no script", clock.now),
    ]


def test_taking_back_leaves_the_rules_as_they_are(served: Served) -> None:
    someone = newcomer(served)
    judge_all(served, someone)
    hasten(served, someone)
    name = name_of(served, someone)
    counting.exclude(served, name, "too fast")
    counting.exclude(served, name, "let the rules say so", excluded=False)
    assert not counts(served, someone)
    assert sum(stored_ratings(served).values()) == 0


def test_staff_see_how_many_places_are_open_again(served: Served) -> None:
    for _ in range(9):
        judge_all(served, newcomer(served))
    with served.store.read() as db:
        names = list(db.scalars(select(Annotator.public_id).order_by(Annotator.id)))
    counting.exclude(served, names[0], "a robot")
    people = quality.persons(served, quality.answers(served))
    full = quality.filling(served, quality.coverage(served, people=people), people)
    assert (full.ratings, full.wanted, full.reopened) == (48, 54, 6)
    assert full.set_aside == {"excluded by the staff": 6}
    assert full.not_counted == "6 (6 excluded by the staff)"
    assert full.contributors == 8
    both = replace(people[1].screening, failed=("check_share", "same_share"))
    full = quality.filling(served, [], [replace(people[1], screening=both)])
    assert full.set_aside == {"checks failed (check_share) and all answers alike (same_share)": 6}


# ---------------------------------------------------------------- a flooded study


@dataclass(order=True)
class Visit:
    """Somebody's next moment: the time, and who."""

    at: float
    number: int
    who: "Actor" = field(compare=False)


@dataclass
class Actor:
    """Takes part by the real functions. seconds: between two answers, from and to."""

    served: Served
    bot: Bot
    address: str
    seconds: tuple[float, float]
    id: int = 0
    status: str = "new"
    idle: bool = False

    def act(self, now: float, rng: random.Random) -> float | None:
        """One visit; returns the seconds until the next, None after the last."""
        served, bundle = self.served, self.served.bundle
        if self.status == "new":
            self._enter(now)
            return None if self.idle else rng.uniform(*self.seconds)
        if self.status == "item":
            with served.store.look() as db:
                (place,) = [p for p in places(db, self.id) if not p.judged]
            answer = bundle.task.parse(self.bot.answers(place.item_id))
            shown = now - rng.uniform(*self.seconds)
            key = f"{self.id}-{place.position}-{now}"
            ticket = Ticket(self.id, place.position, place.item_id, shown, key)
            outcome = next_step.take(served, ticket, answer, False)
            assert outcome.status in ("stored", "full")
            self.status = outcome.step.status
        else:
            self.status = next_step.proceed(served, self.id, False).status
        if self.status == "finished":
            return None
        return 20.0 if self.status in ("wait", "full") else rng.uniform(*self.seconds)

    def _enter(self, now: float) -> None:
        served, bundle = self.served, self.served.bundle

        def register(db: Session) -> str:
            admit(db, bundle, self.address, now)
            return annotators.register(db, "open", now)

        public_id = served.store.write(register)
        with served.store.read() as db:
            self.id = db.scalars(select(Annotator.id).where(Annotator.public_id == public_id)).one()
        right = [bundle.task.guess(self.bot.rng) | dict(lesson.right) for lesson in bundle.quiz]
        store, settings = served.store, bundle.settings
        store.write(lambda db: annotators.consent(db, self.id, True, settings, "en", now))
        store.write(lambda db: annotators.finish_instructions(db, self.id, bundle, now))
        store.write(lambda db: annotators.take_quiz(db, self.id, right, bundle, now))
        self.status = next_step.proceed(served, self.id, False).status


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flooded") / "study"
    blob_bundle(folder, 4, ratings=RATINGS, items=ITEMS, repeats=0.1, checks=2)
    return folder


@pytest.fixture
def open_flooded(flooded: Path, tmp_path: Path) -> Iterator[Served]:
    bundle = load_bundle(flooded)
    settings = replace(bundle.settings, least_seconds=LEAST, max_per_address=CAP)
    study = open_study(
        replace(bundle, settings=settings), f"sqlite:///{tmp_path}/x.sqlite", Clock()
    )
    yield study
    study.store.close()


def simulate(served: Served, seed: int, pace: tuple[float, float], profile: str) -> list[Actor]:
    """Twenty honest people, a flooder with as many annotators as the caps allow, and ten who hold
    an item without ever answering, all at random times; returns the flooder's."""
    rng = random.Random(seed)
    bundle, clock = served.bundle, served.clock

    def actor(profile: str, number: int, address: str, seconds: tuple[float, float], **more):
        bot = Bot(profile, random.Random(f"{seed}/{address}/{number}"), bundle.sources, bundle.task)
        return Actor(served, bot, address, seconds, **more)

    honest = [actor("careful", n, f"10.0.0.{n}", (3.0, 9.0)) for n in range(HONEST)]
    flood = [actor(profile, n, "10.9.9.9", pace) for n in range(CAP)]
    idle = [actor("careful", n, f"10.1.0.{n}", (1.0, 1.0), idle=True) for n in range(10)]
    queue = [
        Visit(clock.now + rng.uniform(0, 200), n, who)
        for n, who in enumerate([*honest, *flood, *idle])
    ]
    heapq.heapify(queue)
    while queue:
        visit = heapq.heappop(queue)
        clock.now = visit.at
        pause = visit.who.act(visit.at, rng)
        if pause is not None:
            heapq.heappush(queue, replace(visit, at=visit.at + pause))
        elif visit.who in honest:
            check_end(served, visit.who, flood if pace[0] < 2 else [])
    with pytest.raises(Refused, match="address"):
        actor("careful", 99, "10.9.9.9", pace)._enter(clock.now)
    return flood


def check_end(served: Served, someone: Actor, flood: list[Actor]) -> None:
    """They were finished for having judged all, or because others who count, none of `flood` among
    them, have filled what was left."""
    rated = (
        select(Assignment.item_id, Assignment.annotator_id, Annotator.counts)
        .join(Annotator, Annotator.id == Assignment.annotator_id)
        .where(Assignment.judged, Assignment.repeat == 0)
    )
    with served.store.read() as db:
        rows = db.execute(rated).all()
    none = {actor.id for actor in flood}
    filled = Counter(item_id for item_id, who, counts in rows if counts and who not in none)
    mine = {item_id for item_id, who, _ in rows if who == someone.id}
    directions = [key for key, check in served.bundle.checks.items() if not check]
    assert [key for key in directions if key not in mine and filled[key] < RATINGS] == []


def contrary(bot: Bot, item_id: str) -> Answer:
    """The opposite of what everybody sees."""
    clear = bot.task.score(bot.task.asked(bot.truth(item_id)))
    return bot.truth(item_id) | dict.fromkeys(("consistent", "single"), not clear)


AT_ONCE, PATIENT = (LEAST, LEAST + 0.1), (2.5, 3.0)


def seeds(first: int, last: int, pace: tuple[float, float], profile: str, name: str):
    """Many studies, which ordinary runs leave out."""
    label = f"{name}-{first}-{last}"
    return pytest.param(range(first, last), pace, profile, id=label, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("seeds", "pace", "profile"),
    [
        pytest.param([0], AT_ONCE, "straight", id="at-once"),
        pytest.param([0], AT_ONCE, "contrary", id="contrary"),
        *(seeds(n, n + 50, AT_ONCE, "straight", "many") for n in (0, 50, 100, 150)),
        seeds(0, 25, PATIENT, "straight", "patient"),
        seeds(0, 25, AT_ONCE, "contrary", "opposite"),
    ],
)
def test_honest_people_complete_a_study_that_someone_floods(
    open_flooded: Served,
    seeds: Iterable[int],
    pace: tuple[float, float],
    profile: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who answers as soon as the site lets them is flagged at the first answer, so that nothing of
    theirs counts. Who is patient and always says the same is flagged at the twentieth answer:
    fewer than twenty of each of their annotators count, as the rules allow."""
    monkeypatch.setitem(PROFILES, "contrary", contrary)
    for seed in seeds:
        served = open_study(open_flooded.bundle, f"sqlite:///{tmp_path}/{seed}.sqlite", Clock())
        flood = {actor.id for actor in simulate(served, seed, pace, profile)}
        served.clock.now += 60
        assert counting.screen_now(served)
        rows = quality.coverage(served)
        assert all(row.judged >= RATINGS for row in rows)
        assert sum(stored_ratings(served).values()) == sum(row.judged for row in rows)
        with served.store.read() as db:
            given = {
                number: len(
                    db.scalars(select(Judgment.id).where(Judgment.annotator_id == number)).all()
                )
                for number in flood
                if db.get_one(Annotator, number).counts
            }
        most = RULES["same_share"].fewest - 1 if pace[0] > 2 else 0
        assert max(given.values(), default=0) <= most
        served.store.close()


def test_a_database_of_an_earlier_version_is_counted_anew(served: Served) -> None:
    from study_server import commands
    from tests.study_server.test_assignment import downgraded

    someone = newcomer(served)
    judge_all(served, someone)
    judge_all(served, newcomer(served))
    hasten(served, someone)
    counting.screen_now(served)
    assert sum(stored_ratings(served).values()) == 6
    downgraded(served, "0003")
    with commands.opened(served.bundle.folder) as study:
        assert sum(stored_ratings(study).values()) == 6
        assert not counts(study, someone)
        with study.store.read() as db:
            assert all(p.leased_at == p.lease_until for p in db.scalars(select(Assignment)))
