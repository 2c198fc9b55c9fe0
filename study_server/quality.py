"""How far a study is: coverage, who counts and who does not, dropouts.

What staff are shown is asked of the rules anew, like the analysis; the places that the site gives
out follow it when something hangs on them (`study_server.counting`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from study_server.codes import code_given, state_for
from study_server.counting import verdicts
from study_server.decisions import Decision, decisions, left_out
from study_server.erasure import WITHDRAWN
from study_server.export import counting, judgments
from study_server.models import Annotator, Assignment
from study_server.outside import outside_number
from study_server.people import IMPORTED
from study_server.screening import RULES, Screening
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
        """Its key in `scores.scores`."""
        return tuple((one.generator, one.method, one.direction) for one in self.sources)


@dataclass(frozen=True)
class Person:
    """One annotator. outside_number: at the recruiting service; code: that they were shown, each ""
    for none. silent: judges, but was not seen for a lease's length. screening: what the rules say,
    the same as the analysis; None before the first answer. decision: of the staff to leave them
    out; None where they are not."""

    public_id: str
    source: str
    outside_number: str
    code: str
    stage: str
    language: str
    silent: bool
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
    now, longest = study.clock(), 60 * study.bundle.settings.lease_minutes
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
            silent=a.stage == "judging" and a.seen_at < now - longest,
            screening=found.get(a.public_id),
            decision=excluded.get(a.public_id),
        )
        for a in annotators
    ]


def not_counted(people: Sequence[Person]) -> list[Person]:
    """Those whom the rules or the staff leave out; not who withdrew, of whom nothing is left."""
    return [one for one in people if not one.counts and one.stage != WITHDRAWN]


def funnel(people: Sequence[Person]) -> Counter[str]:
    """How many of these annotators stand at each stage; "silent" are those who judge but were not
    seen for a lease's length, and "imported" those of whom a stage says nothing."""
    stages = Counter(
        IMPORTED if one.source == IMPORTED and one.stage != WITHDRAWN else one.stage
        for one in people
    )
    stages["silent"] = sum(one.silent for one in people)
    return stages
