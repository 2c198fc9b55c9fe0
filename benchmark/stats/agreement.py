"""Do annotators agree with each other, and with themselves?

Krippendorff's alpha for nominal answers (Content Analysis, chapter 12): 1 - observed / expected
disagreement, for any number of answers about each direction. Both are sums over directions, so the
bootstrap over directions resamples those sums.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import unknown
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import finite, finite_or_missing
from benchmark.core.judgments import NAME, first_showings, item_columns, showings
from benchmark.stats.bootstrap import (
    FEWEST_UNITS,
    RESAMPLES,
    ROUNDING,
    bca,
    expanded,
    resampled_sums,
)
from benchmark.stats.intervals import interval_of_shares

Floats = NDArray[np.float64]

FEWEST_FOR_ALPHA = 16  # with 16 and more directions the interval covers 94-96% where a yes is about
# as frequent as a no, with 12 92%, with 8 90%, with 3 46%
MOST_UNANIMOUS = 0.05  # share of resamples that may hold one answer only, which define no alpha


@dataclass(frozen=True)
class Agreement:
    """Agreement of the answers to one question. units: how many have at least two answers. percent:
    the share of pairs of answers that are equal, within a unit first. alpha: 1 is perfect, 0
    chance.
    """

    question: str
    units: int
    answers: int
    percent: Estimate | Undefined
    alpha: Estimate | Undefined


def agreement(judgments: pd.DataFrame, question: str, seed: int = 0) -> Agreement:
    """Agreement between annotators. The intervals are over directions."""
    counts = _answer_counts(first_showings(judgments), item_columns(judgments), question)
    return _agreement(question, counts, np.arange(len(counts)), "directions", seed)


def repeat_agreement(judgments: pd.DataFrame, question: str, seed: int = 0) -> Agreement:
    """Agreement of annotators with themselves, when a direction is shown again. The intervals are
    over annotators."""
    item = item_columns(judgments)
    counts = _answer_counts(showings(judgments), ["annotator", *item], question)
    annotators, _ = pd.factorize(counts.index.get_level_values("annotator"))
    return _agreement(question, counts, annotators, "annotators", seed)


def _answer_counts(judgments: pd.DataFrame, unit: list[str], question: str) -> pd.DataFrame:
    """How often each answer was given to each unit with at least two: (units, answers)."""
    if question not in judgments.columns:
        raise unknown("question", question, map(str, judgments.columns))
    answered = finite_or_missing(judgments, [question], NAME).dropna(subset=[question])
    counts = answered.pivot_table(
        index=unit, columns=question, aggfunc="size", fill_value=0, observed=True
    )
    return counts[counts.sum(axis=1) >= 2]


def _agreement(
    question: str, table: pd.DataFrame, clusters: NDArray[np.intp], over: str, seed: int
) -> Agreement:
    """clusters: (units,), the independent thing in `over` that each unit belongs to."""
    counts = table.to_numpy(float)  # (units, answers)
    if not len(counts):
        none = Undefined("nothing was judged twice")
        return Agreement(question, 0, 0, none, none)
    answers = counts.sum(axis=1)  # (units,)
    equal = np.sum(counts * (counts - 1), axis=1) / (answers * (answers - 1))  # (units,)
    shares = np.bincount(clusters, equal) / np.bincount(clusters)  # (clusters,)
    percent = Estimate(float(shares.mean()), interval_of_shares([shares], [1.0], over, seed=seed))
    columns = np.column_stack([counts, answers * (1 - equal)])  # (units, answers + 1)
    sums = np.zeros((len(shares), columns.shape[1]))  # (clusters, answers + 1)
    np.add.at(sums, clusters, columns)
    return Agreement(
        question, len(counts), int(answers.sum()), percent, _alpha(sums, table, over, seed)
    )


def _alpha(sums: Floats, table: pd.DataFrame, over: str, seed: int) -> Estimate | Undefined:
    value = float(alpha(sums.sum(axis=0)))
    if np.isnan(value):
        answer = table.columns[table.sum() > 0][0]
        return Undefined(f"every answer is {answer}, so no disagreement can be expected")
    here = f"here {'is' if len(sums) == 1 else 'are'} {len(sums)}"
    if len(sums) < FEWEST_UNITS:
        return Undefined(f"alpha needs {FEWEST_UNITS} {over} with two answers, {here}")
    if len(sums) < FEWEST_FOR_ALPHA:
        few = Undefined(f"its bootstrap needs {FEWEST_FOR_ALPHA} {over} with two answers, {here}")
        return Estimate(value, few)
    resampled = alpha(resampled_sums(sums, RESAMPLES, np.random.default_rng(seed)))  # (resamples,)
    defined = resampled[~np.isnan(resampled)]
    without = alpha(sums.sum(axis=0) - sums)  # (clusters,): the jackknife
    influence = without.mean() - without
    if len(defined) < (1 - MOST_UNANIMOUS) * RESAMPLES or not np.any(np.abs(influence) > ROUNDING):
        return Estimate(value, Undefined(f"too few {over} hold dissent to resample them"))
    low, high = bca(value, defined, influence, expanded(len(sums)))
    return Estimate(value, Interval(low, high, f"BCa bootstrap over {over}"))


def alpha(sums: Floats) -> Floats:
    """Krippendorff's alpha (...,) of sums over units (..., answers + 1); NaN if only one was given.

    The columns: how often each answer was given; then, summed over units, the m answers to a unit
    times the share of their pairs that differ. Raises BenchError where a sum is missing.
    """
    sums = finite(sums, "the sums over units")
    given, differing = sums[..., :-1], sums[..., -1]  # (..., answers), (...,)
    n = given.sum(axis=-1)  # (...,)
    expected = (n**2 - np.sum(given**2, axis=-1)) / np.maximum(n - 1, 1)  # (...,)
    varied = expected > 0
    return np.where(varied, 1 - differing / np.where(varied, expected, 1), np.nan)
