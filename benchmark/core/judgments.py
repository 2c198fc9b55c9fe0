"""From single judgments to one score per direction: the step before every other statistic.

A judgment is one annotator's answer about one item: a direction, or two that stand together.
Directions are nested in methods, annotators are crossed with both, so answers about one direction
are no independent evidence: average within a direction first.

Columns of a frame of judgments: generator, method, direction (unique within generator and method),
annotator: str; of an item of two directions also generator_2, method_2 and direction_2. mos: the
score of the answer, 1 or 0 for one direction; for two directions their task decides. One column for
each question of the task. repeat: 0 at the first showing. seconds: viewing time. check: None, or
'good' or 'still' for a check item. simulated: bool. A missing answer is None or NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.core.errors import BenchError
from benchmark.core.finite import complete, finite_or_missing

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and an export as text needs no frames

DIRECTION = ["generator", "method", "direction"]
SECOND = ["generator_2", "method_2", "direction_2"]
COLUMNS = (*DIRECTION, "annotator", "mos", "repeat", "seconds", "check", "simulated")
NAME = "the judgments"  # in errors


def item_columns(judgments: pd.DataFrame) -> list[str]:
    """The columns that tell items apart: of one direction, or of two."""
    return [column for column in (*DIRECTION, *SECOND) if column in judgments.columns]


def units(judgments: pd.DataFrame) -> str:
    """What an item is, in the plural: directions, or pairs of them."""
    return "pairs" if SECOND[1] in judgments.columns else "directions"


def checked(judgments: pd.DataFrame) -> pd.DataFrame:
    """The same frame.

    Raises BenchError if it lacks columns, does not say who judged or at which showing, holds an
    infinite number, or mixes people and simulated ones.
    """
    missing = [column for column in COLUMNS if column not in judgments.columns]
    if missing:
        raise BenchError(f"{NAME} lack the column {', '.join(missing)}")
    complete(judgments, ["annotator", "repeat", "simulated"], NAME)
    finite_or_missing(judgments, ["mos", "seconds"], NAME)
    simulated = judgments["simulated"].astype(bool)
    if simulated.any() and not simulated.all():
        raise BenchError(
            f"{simulated.sum()} of {len(simulated)} judgments are simulated; "
            "analyse people and simulated annotators apart"
        )
    return judgments


def showings(judgments: pd.DataFrame) -> pd.DataFrame:
    """All judgments of study items, without check items but with hidden repeats.

    Raises BenchError where one does not say what was judged.
    """
    shown = checked(judgments)[judgments["check"].isna()]
    return complete(shown, item_columns(shown), NAME)


def first_showings(judgments: pd.DataFrame) -> pd.DataFrame:
    """The judgments that count: of study items, at their first showing.

    Raises BenchError if somebody judged the same item twice at the first showing.
    """
    first = showings(judgments)
    first = first[first["repeat"] == 0]
    twice = first[first.duplicated([*item_columns(first), "annotator"])]
    if len(twice):
        row = twice.iloc[0]
        raise BenchError(
            f"annotator {row.annotator} judged direction {row.direction} of {row.method} on "
            f"{row.generator} twice at its first showing; keep the latest revision only"
        )
    return first


def answers(judgments: pd.DataFrame) -> pd.DataFrame:
    """The first showings that have a MOS; those without one are left out.

    Raises BenchError where a MOS is neither 0 nor 1.
    """
    answered = first_showings(judgments).dropna(subset=["mos"])
    other = answered[~answered["mos"].isin([0, 1])]
    if len(other):
        raise BenchError(f"{NAME}, column mos, must be 0 or 1, not {other['mos'].iloc[0]}")
    return answered.assign(mos=answered["mos"].astype(int))


def answers_about(judgments: pd.DataFrame, method: str, baseline: str) -> pd.DataFrame:
    """The answers about two methods, on the generators that have rated directions of both."""
    answered = answers(judgments)
    answered = answered[answered["method"].isin([method, baseline])]
    methods = answered.groupby("generator", observed=True)["method"].transform("nunique")
    return answered[methods == 2]


def direction_scores(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row per rated direction: generator, method, direction, yes, n and mos = yes / n."""
    answered = answers(judgments)
    by_direction = answered.groupby(DIRECTION, observed=True)["mos"]
    scores = by_direction.agg(yes="sum", n="count").reset_index()
    return scores.assign(mos=scores["yes"] / scores["n"])


def shared_generators(directions: pd.DataFrame) -> tuple[str, ...]:
    """The generators, by name, that every method has which has several: means over them compare.

    directions: one row per rated direction, with generator and method; of a method on one generator
    alone there is nothing to pool.
    """
    by_method = directions.groupby("method", observed=True)["generator"]
    of_each = [set(own.astype(str)) for _, own in by_method]
    several = [own for own in of_each if len(own) > 1]
    return tuple(sorted(set.intersection(*several))) if several else ()
