"""How a study is going: coverage, who counts and who does not, agreement, dropouts.

What staff are shown is asked of the rules anew, like the analysis; the places that the site gives
out follow it when something hangs on them (`study_server.counting`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.special import ndtri
from sqlalchemy import func, select

from benchmark.core.alpha import alpha_over
from benchmark.core.estimates import Estimate, Undefined
from benchmark.core.judgments import first_showings, item_columns, units
from study_server.codes import code_given, state_for
from study_server.counting import verdicts
from study_server.decisions import Decision, decisions, left_out
from study_server.export import counting, judgments
from study_server.models import Annotator, Assignment
from study_server.outside import outside_number
from study_server.screening import RULES, Screening, check_answers, repeat_answers
from study_server.served import Served, state_of
from study_server.tasks.task import Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Coverage:
    """One item: what it shows, how many of those who count judged it, how many hold it now, and how
    many judged it who do not count."""

    sources: tuple[Source, ...]
    judged: int
    leased: int
    set_aside: int = 0

    @property
    def shown(self) -> tuple[tuple[str, str, int], ...]:
        """Its key in `scores`."""
        return tuple((one.generator, one.method, one.direction) for one in self.sources)


@dataclass(frozen=True)
class Person:
    """One annotator. outside_number: at the recruiting service; code: that they were shown, each ""
    for none. screening: what the rules say, the same as the analysis; None before the first
    answer. decision: of the staff to leave them out; None where they are not."""

    public_id: str
    source: str
    outside_number: str
    code: str
    stage: str
    language: str
    screening: Screening | None
    decision: Decision | None = None

    @property
    def counts(self) -> bool:
        """Whether their ratings fill places, and the analysis takes their answers."""
        return not self.flags and self.decision is None

    @property
    def ratings(self) -> int:
        """How many directions they judged, at the first showing."""
        return self.screening.ratings if self.screening else 0

    @property
    def flags(self) -> tuple[str, ...]:
        """The rules that the annotator breaks, for which the analysis leaves them out."""
        return self.screening.failed if self.screening else ()


def answers(study: Served, simulated: bool = False) -> "pd.DataFrame":
    """The answers that count, of people or of bots; see `study_server.export.counting`."""
    return counting(judgments(study), study.bundle.task, simulated)


def coverage(
    study: Served, simulated: bool = False, people: Sequence[Person] | None = None
) -> list[Coverage]:
    """Every item under study with its ratings, the least filled first.

    people: `persons` of the same kind, where they are known already.
    """
    if people is None:
        people = persons(study, answers(study, simulated), simulated)
    aside = [person.public_id for person in people if not person.counts]
    held = Assignment.judged.is_(False) & (Assignment.lease_until > study.clock())
    given = (
        select(Assignment.judged, Assignment.item_id, func.count())
        .where(
            Assignment.repeat == 0,
            Assignment.simulated == simulated,
            Assignment.judged | held,
        )
        .group_by(Assignment.judged, Assignment.item_id)
    )
    by_them = given.join(Annotator, Annotator.id == Assignment.annotator_id).where(
        Annotator.public_id.in_(aside)
    )
    with study.store.read() as db:
        every = {(judged, item): count for judged, item, count in db.execute(given)}
        theirs = {(judged, item): count for judged, item, count in db.execute(by_them)}

    def of(judged: bool, item: str) -> int:
        return every.get((judged, item), 0) - theirs.get((judged, item), 0)

    rows = [
        Coverage(sources, of(True, item), of(False, item), theirs.get((True, item), 0))
        for item, sources in study.bundle.sources.items()
        if not study.bundle.checks[item]
    ]
    return sorted(rows, key=least_filled)


def least_filled(row: Coverage) -> tuple[Any, ...]:
    """The order of rows: by ratings, then by name and number."""
    shown = [(source.generator, source.method, source.direction) for source in row.sources]
    return (row.judged, row.leased, shown)


@dataclass(frozen=True)
class Filling:
    """How full a study is. ratings: of those who count, of wanted; complete: directions that need
    no more; reopened: places that would be filled if everybody counted; set_aside: by reason, the
    ratings of those who do not; contributors: annotators whose ratings count."""

    ratings: int
    wanted: int
    complete: int
    directions: int
    reopened: int
    set_aside: dict[str, int]
    contributors: int

    @property
    def not_counted(self) -> str:
        """How many ratings are set aside, and why, in words."""
        reasons = ", ".join(f"{count} {why}" for why, count in self.set_aside.items())
        total = sum(self.set_aside.values())
        return f"{total} ({reasons})" if total else "0"


def filling(study: Served, rows: Sequence[Coverage], people: Sequence[Person]) -> Filling:
    """How full the study is. rows: `coverage` and people: `persons`, of the same kind."""
    wanted = study.bundle.settings.ratings_per_item
    set_aside: Counter[str] = Counter()
    for person in people:
        if not person.counts:
            why = "excluded by the staff" if person.decision else _signs(person.flags)
            set_aside[why] += person.ratings
    return Filling(
        ratings=sum(row.judged for row in rows),
        wanted=wanted * len(rows),
        complete=sum(row.judged >= wanted for row in rows),
        directions=len(rows),
        reopened=sum(
            min(wanted, row.judged + row.set_aside) - min(wanted, row.judged) for row in rows
        ),
        set_aside={why: count for why, count in sorted(set_aside.items()) if count},
        contributors=sum(person.counts and person.ratings > 0 for person in people),
    )


def _signs(rules: Sequence[str]) -> str:
    """What is said of who breaks these rules, each with its name, which heads its column."""
    return " and ".join(f"{RULES[rule].sign} ({rule})" for rule in rules)


def persons(study: Served, counted: "pd.DataFrame", simulated: bool = False) -> list[Person]:
    """Every annotator, and what the rules and the staff say of them; the newest first.

    counted: `answers` of the same people or bots.
    """
    with study.store.read() as db:
        annotators = list(
            db.scalars(
                select(Annotator)
                .where((Annotator.simulated != "") == simulated)
                .order_by(Annotator.id.desc())
            )
        )
        state = state_of(db)
        excluded = left_out(decisions(db))
    now = study.clock()
    outcome = verdicts(counted, study.bundle.settings, study.bundle.task, excluded)
    found = {one.annotator: one for one in outcome}
    return [
        Person(
            public_id=a.public_id,
            source=a.simulated or a.source,
            outside_number=outside_number(a.outside_id),
            code=code_given(
                study.bundle, a.stage, state_for(a, state, now), a.public_id, a.completion_code
            ),
            stage=a.stage,
            language=a.language,
            screening=found.get(a.public_id),
            decision=excluded.get(a.public_id),
        )
        for a in annotators
    ]


@dataclass(frozen=True)
class Scored:
    """What those who count said of an item: the mean of n scores, of one direction its MOS, with
    the ends of its 95% interval (Wilson, JASA 1927), which speaks of further annotators."""

    n: int
    mean: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


def scores(
    counted: "pd.DataFrame", people: Sequence[Person]
) -> dict[tuple[tuple[str, str, int], ...], Scored]:
    """By what an item shows (generator, method, number of each direction), its first showings.

    counted: `answers` and people: `persons`, of the same kind.
    """
    if counted.empty:
        return {}
    first = _scored(counted, people)
    found = {}
    for place, given in first.groupby(item_columns(first), observed=True)["mos"]:
        n, mean = len(given), float(given.mean())
        low, high = likely_share(mean, n)
        shown = tuple(zip(*[iter(place)] * 3, strict=True))
        found[shown] = Scored(n, mean, low, high)
    return found


def _scored(counted: "pd.DataFrame", people: Sequence[Person]) -> "pd.DataFrame":
    """The first showings that have a score, of those who count."""
    counting = [person.public_id for person in people if person.counts]
    first = first_showings(counted).dropna(subset=["mos"])
    return first[first["annotator"].isin(counting)]


def likely_share(share: float, n: int) -> tuple[float, float]:
    """The ends of Wilson's 95% score interval of a share of n answers, in [0, 1]."""
    z2 = float(ndtri(0.975)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def widest(n: int) -> float:
    """How wide that interval is of n answers that are most divided, as of a full item at most."""
    low, high = likely_share((n // 2) / n, n)
    return high - low


def checks_passed(study: Served, counted: "pd.DataFrame") -> tuple[int, int]:
    """How many check items were judged rightly, and how many were judged."""
    good = check_answers(counted, study.bundle.task.expected)["good"]
    return int(good.sum()), len(good)


def repeats_alike(counted: "pd.DataFrame") -> tuple[int, int]:
    """How many repeats were judged as at first, and how many were judged."""
    good = repeat_answers(counted)["good"]
    return int(good.sum()), len(good)


def agreement(counted: "pd.DataFrame", people: Sequence[Person]) -> Estimate | Undefined:
    """Krippendorff's alpha of the score over items that two or more of those who count judged,
    first showings only, as in the analysis.

    counted: `answers` and people: `persons`, of the same kind.
    """
    first = _scored(counted, people)
    counts = first.pivot_table(
        index=item_columns(first), columns="mos", aggfunc="size", fill_value=0, observed=True
    ).to_numpy(float)  # (items, scores)
    return alpha_over(counts[counts.sum(axis=1) >= 2], units(first))


def funnel(study: Served, simulated: bool = False) -> dict[str, int]:
    """How many annotators stand at each stage; "silent" are those who judge but were not seen
    for a lease's length."""
    silent = study.clock() - 60 * study.bundle.settings.lease_minutes
    with study.store.read() as db:
        rows = db.execute(
            select(Annotator.stage, Annotator.seen_at).where(
                (Annotator.simulated != "") == simulated
            )
        ).all()
    counts = Counter(stage for stage, _ in rows)
    counts["silent"] = sum(stage == "judging" and seen < silent for stage, seen in rows)
    return dict(counts)
