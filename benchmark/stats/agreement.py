"""Do annotators agree with each other, and with themselves?

Krippendorff's alpha between them is that of the site's own pages (`benchmark.core.alpha`). Within
them the answers of one person belong together, so its bootstrap is over annotators: alpha is a
function of sums over units, and those sums are resampled.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.core.alpha import ALL_THE_SAME, Floats, addends, alpha, alpha_over
from benchmark.core.errors import unknown
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import finite_or_missing
from benchmark.core.judgments import NAME, first_showings, item_columns, showings, units
from benchmark.stats.bootstrap import (
    FEWEST_UNITS,
    RESAMPLES,
    ROUNDING,
    bca,
    expanded,
    resampled_sums,
)
from benchmark.stats.intervals import interval_of_shares

FEWEST_FOR_ALPHA = (
    16  # with 16 and more annotators the bootstrap covers 94-96% where a yes is about
)
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
    """Agreement between annotators. The intervals are over directions, or over pairs of them."""
    table = _answer_counts(first_showings(judgments), item_columns(judgments), question)
    counts = table.to_numpy(float)  # (units, answers)
    if not len(counts):
        return _nothing(question)
    percent = _percent(_equal_pairs(counts), units(judgments), seed)
    found = alpha_over(counts, units(judgments))
    return Agreement(question, len(counts), int(counts.sum()), percent, found)


def repeat_agreement(judgments: pd.DataFrame, question: str, seed: int = 0) -> Agreement:
    """Agreement of annotators with themselves, when a direction is shown again. The intervals are
    over annotators."""
    item = item_columns(judgments)
    table = _answer_counts(showings(judgments), ["annotator", *item], question)
    counts = table.to_numpy(float)  # (units, answers)
    if not len(counts):
        return _nothing(question)
    annotator, names = pd.factorize(table.index.get_level_values("annotator"))  # (units,)
    shares = np.bincount(annotator, _equal_pairs(counts)) / np.bincount(annotator)  # (annotators,)
    sums = np.zeros((len(names), counts.shape[1] + 1))  # (annotators, answers + 1)
    np.add.at(sums, annotator, addends(counts))
    percent = _percent(shares, "annotators", seed)
    found = _alpha_over_annotators(sums, seed)
    return Agreement(question, len(counts), int(counts.sum()), percent, found)


def _nothing(question: str) -> Agreement:
    none = Undefined("nothing was judged twice")
    return Agreement(question, 0, 0, none, none)


def _answer_counts(judgments: pd.DataFrame, unit: list[str], question: str) -> pd.DataFrame:
    """How often each answer was given about each unit with at least two: (units, answers)."""
    if question not in judgments.columns:
        raise unknown("question", question, map(str, judgments.columns))
    answered = finite_or_missing(judgments, [question], NAME).dropna(subset=[question])
    counts = answered.pivot_table(
        index=unit, columns=question, aggfunc="size", fill_value=0, observed=True
    )
    return counts[counts.sum(axis=1) >= 2]


def _equal_pairs(counts: Floats) -> Floats:
    """The share of the pairs of answers about each unit that are equal: (units,)."""
    answers = counts.sum(axis=1)  # (units,)
    return np.asarray(np.sum(counts * (counts - 1), axis=1) / (answers * (answers - 1)))


def _percent(shares: Floats, over: str, seed: int) -> Estimate:
    """The mean of independent shares (n,)."""
    return Estimate(float(shares.mean()), interval_of_shares([shares], [1.0], over, seed=seed))


def _alpha_over_annotators(sums: Floats, seed: int) -> Estimate | Undefined:
    """sums: what each annotator adds to those that `alpha` takes, (annotators, answers + 1)."""
    value = float(alpha(sums.sum(axis=0)))
    if np.isnan(value):
        return ALL_THE_SAME
    here = f"here {'is' if len(sums) == 1 else 'are'} {len(sums)}"
    if len(sums) < FEWEST_UNITS:
        return Undefined(f"alpha needs {FEWEST_UNITS} annotators with two answers, {here}")
    if len(sums) < FEWEST_FOR_ALPHA:
        needs = f"its bootstrap needs {FEWEST_FOR_ALPHA} annotators with two answers, {here}"
        return Estimate(value, Undefined(needs))
    resampled = alpha(resampled_sums(sums, RESAMPLES, np.random.default_rng(seed)))  # (resamples,)
    defined = resampled[~np.isnan(resampled)]
    without = alpha(sums.sum(axis=0) - sums)  # (annotators,): the jackknife
    influence = without.mean() - without
    if len(defined) < (1 - MOST_UNANIMOUS) * RESAMPLES or not np.any(np.abs(influence) > ROUNDING):
        return Estimate(value, Undefined("too few annotators hold dissent to resample them"))
    low, high = bca(value, defined, influence, expanded(len(sums)))
    return Estimate(value, Interval(low, high, "BCa bootstrap over annotators"))
