"""How a study is going: coverage, what the screening rules say, agreement, dropouts."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from benchmark.core.alpha import alpha_over
from benchmark.core.estimates import Estimate, Undefined
from study_server.codes import code_given
from study_server.models import Annotator, Assignment
from study_server.outside import outside_number
from study_server.screening import Screening, check_answers, repeat_answers, screen
from study_server.served import Served, state_of
from study_server.tasks.task import Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Coverage:
    """One item: what it shows, how many judged it, and how many hold it now."""

    sources: tuple[Source, ...]
    judged: int
    leased: int


@dataclass(frozen=True)
class Person:
    """One annotator. outside_number: at the recruiting service; code: that they were shown, each ""
    for none. screening: what the rules say, the same as the analysis; None before the first
    answer."""

    public_id: str
    source: str
    outside_number: str
    code: str
    stage: str
    language: str
    screening: Screening | None

    @property
    def flags(self) -> tuple[str, ...]:
        """The rules that the annotator breaks, for which the analysis leaves them out."""
        return self.screening.failed if self.screening else ()


def answers(study: Served, simulated: bool = False) -> "pd.DataFrame":
    """The answers that count, of people or of bots; see `study_server.export.counting`."""
    from study_server.export import counting, judgments  # pandas is slow to import

    return counting(judgments(study), study.bundle.task, simulated)


def coverage(study: Served, simulated: bool = False) -> list[Coverage]:
    """Every item under study with its ratings, the least filled first."""
    now = study.clock()
    first = (Assignment.repeat == 0, Assignment.simulated == simulated)
    with study.store.read() as db:
        judged, leased = (
            Counter(
                dict(
                    db.execute(
                        select(Assignment.item_id, func.count())
                        .where(*first, condition)
                        .group_by(Assignment.item_id)
                    ).all()
                )
            )
            for condition in (
                Assignment.judged,
                Assignment.judged.is_(False) & (Assignment.lease_until > now),
            )
        )
    rows = [
        Coverage(sources, judged[item_id], leased[item_id])
        for item_id, sources in study.bundle.sources.items()
        if not study.bundle.checks[item_id]
    ]
    return sorted(rows, key=least_filled)


def least_filled(row: Coverage) -> tuple[Any, ...]:
    """The order of rows: by ratings, then by name and number."""
    shown = [(source.generator, source.method, source.direction) for source in row.sources]
    return (row.judged, row.leased, shown)


def persons(study: Served, counted: "pd.DataFrame", simulated: bool = False) -> list[Person]:
    """Every annotator and what the screening rules say of them; the newest first.

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
    task = study.bundle.task
    asked = [q.name for q in task.always]
    outcome = screen(counted, study.bundle.settings.screening, asked, task.expected)
    found = {one.annotator: one for one in outcome}
    return [
        Person(
            public_id=a.public_id,
            source=a.simulated or a.source,
            outside_number=outside_number(a.outside_id),
            code=code_given(study.bundle, a.stage, state, a.public_id, a.completion_code),
            stage=a.stage,
            language=a.language,
            screening=found.get(a.public_id),
        )
        for a in annotators
    ]


def checks_passed(study: Served, counted: "pd.DataFrame") -> tuple[int, int]:
    """How many check items were judged rightly, and how many were judged."""
    good = check_answers(counted, study.bundle.task.expected)["good"]
    return int(good.sum()), len(good)


def repeats_alike(counted: "pd.DataFrame") -> tuple[int, int]:
    """How many repeats were judged as at first, and how many were judged."""
    good = repeat_answers(counted)["good"]
    return int(good.sum()), len(good)


def agreement(counted: "pd.DataFrame") -> Estimate | Undefined:
    """Krippendorff's alpha of the score over items that two or more people judged, first showings
    only, as in the analysis."""
    from benchmark.core.judgments import first_showings, item_columns  # pandas is slow to import

    first = first_showings(counted).dropna(subset=["mos"])
    counts = first.pivot_table(
        index=item_columns(first), columns="mos", aggfunc="size", fill_value=0, observed=True
    ).to_numpy(float)  # (items, scores)
    return alpha_over(counts[counts.sum(axis=1) >= 2], "directions")


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
