"""How a study is going: coverage, pace, checks, repeats, agreement, dropouts."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_server.bundle import Source
from study_server.models import Annotator, Assignment, Judgment
from study_server.served import Served
from study_server.study_settings import Screening

RESAMPLES = 500  # bootstrap resamples of directions for the interval of alpha


@dataclass(frozen=True)
class Coverage:
    """One direction: how many judged it, and how many hold it now."""

    source: Source
    judged: int
    leased: int


@dataclass(frozen=True)
class Person:
    """One annotator. seconds: median viewing time, None before the first answer; checks and
    repeats: (right, all); flags: screening rules that they break, as texts."""

    public_id: str
    source: str
    outside_id: str
    stage: str
    language: str
    judged: int
    seconds: float | None
    checks: tuple[int, int]
    repeats: tuple[int, int]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha of the mean opinion score (nominal), its 95% interval, and why it is
    undefined where alpha is None."""

    alpha: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def latest(session: Session, simulated: bool) -> list[Judgment]:
    """The judgments that count: the newest revision of each showing, of people or of bots."""
    newest = (
        select(func.max(Judgment.id))
        .where(Judgment.simulated == simulated)
        .group_by(Judgment.annotator_id, Judgment.item_id, Judgment.repeat)
    )
    return list(session.scalars(select(Judgment).where(Judgment.id.in_(newest))))


def coverage(study: Served, simulated: bool = False) -> list[Coverage]:
    """Every direction with its ratings, the least filled first."""
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
        Coverage(source, judged[item_id], leased[item_id])
        for item_id, source in study.bundle.sources.items()
        if not source.check
    ]
    return sorted(rows, key=lambda row: (row.judged, row.leased, str(row.source)))


def persons(study: Served, simulated: bool = False) -> list[Person]:
    """Every annotator with pace, checks, repeats and flags; the newest first."""
    with study.store.read() as db:
        annotators = list(
            db.scalars(
                select(Annotator)
                .where((Annotator.simulated != "") == simulated)
                .order_by(Annotator.id.desc())
            )
        )
        answers = defaultdict(list)
        for judgment in latest(db, simulated):
            answers[judgment.annotator_id].append(judgment)
    rules = study.bundle.settings.screening
    return [_person(a, answers[a.id], study.bundle.sources, rules) for a in annotators]


def agreement(judgments: Sequence[Judgment], sources: dict[str, Source]) -> Agreement:
    """Alpha over directions that two or more people judged, first showings only."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for judgment in judgments:
        if judgment.repeat == 0 and not sources[judgment.item_id].check:
            counts[judgment.item_id][judgment.consistent and judgment.single] += 1
    table = np.array([row for row in counts.values() if sum(row) >= 2])  # (directions, 2)
    if len(table) < 2:
        return Agreement(None, reason="fewer than two directions have two ratings")
    if 0 in table.sum(axis=0):
        return Agreement(None, reason="all answers are the same")
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(RESAMPLES):
        sample = table[rng.integers(len(table), size=len(table))]  # (directions, 2)
        if 0 not in sample.sum(axis=0):
            resampled.append(_alpha(sample))
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Agreement(_alpha(table), float(low), float(high))


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


def _person(
    annotator: Annotator, answers: list[Judgment], sources: dict[str, Source], rules: Screening
) -> Person:
    checks = [_check_passed(a, sources[a.item_id].check) for a in answers if _is_check(a, sources)]
    firsts = {a.item_id: a for a in answers if a.repeat == 0}
    repeats = [_pair(a) == _pair(firsts[a.item_id]) for a in answers if a.repeat == 1]
    seconds = statistics.median(a.seconds for a in answers) if answers else None
    common = Counter(map(_pair, answers)).most_common(1)
    flags = []
    if checks and sum(checks) / len(checks) < rules.min_checks_passed:
        flags.append("checks")
    if repeats and sum(repeats) / len(repeats) < rules.min_repeat_agreement:
        flags.append("repeats")
    hasty = seconds is not None and seconds < rules.min_median_seconds
    if hasty and not annotator.simulated:  # bots answer at once
        flags.append("speed")
    if len(answers) >= 20 and common[0][1] / len(answers) > rules.max_same_answers:
        flags.append("same answers")
    return Person(
        public_id=annotator.public_id,
        source=annotator.simulated or annotator.source,
        outside_id=annotator.outside_id or "",
        stage=annotator.stage,
        language=annotator.language,
        judged=len(answers),
        seconds=seconds,
        checks=(sum(checks), len(checks)),
        repeats=(sum(repeats), len(repeats)),
        flags=tuple(flags),
    )


def _is_check(judgment: Judgment, sources: dict[str, Source]) -> bool:
    return bool(sources[judgment.item_id].check)


def _check_passed(judgment: Judgment, check: str) -> bool:
    """A good item wants two yes; a still one must not be called a change of one thing."""
    both = judgment.consistent and judgment.single
    return both if check == "good" else not both


def _pair(judgment: Judgment) -> tuple[bool, bool]:
    return judgment.consistent, judgment.single


def _alpha(counts: np.ndarray) -> float:
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))
