"""Change types: what kind of change each method's directions make.

The judgments that name a category are averaged within their direction first. So a direction counts
once, as a row of shares that sum to one, however many annotators spoke about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import multinomial_proportions_confint

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import complete
from benchmark.core.judgments import DIRECTION, NAME, first_showings
from benchmark.stats.intervals import effective_trials

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChangeType:
    """A category of a method's changes on a generator. count: of judgments. directions: how many
    of the method's have a judgment with any category. share: the mean over those directions; its
    interval holds together with those of the method's other categories.
    """

    generator: str
    method: str
    category: str
    count: int
    directions: int
    share: Estimate | Undefined


def change_types(judgments: pd.DataFrame, categories: Sequence[str]) -> tuple[ChangeType, ...]:
    """Each category of each method on each generator, those that nobody named included.

    Raises BenchError if the judgments name a category that is not among `categories`.
    """
    rated = first_showings(judgments)
    counts = category_counts(rated, categories)
    results = []
    for generator, method in sorted(set(zip(rated["generator"], rated["method"], strict=True))):
        of_method = _of_method(counts, generator, method)  # (directions, categories)
        shares = of_method / of_method.sum(axis=1, keepdims=True)  # (directions, categories)
        estimates = _estimates(shares, method)
        results += [
            ChangeType(generator, method, category, int(count), len(shares), estimate)
            for category, count, estimate in zip(
                categories, of_method.sum(axis=0), estimates, strict=True
            )
        ]
    return tuple(results)


def category_counts(rated: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """How often each direction was given each category; one row per direction that has any.

    Answers without a category are left out. Raises BenchError for a category that is not among
    `categories`, or where an answer does not say which direction it is about.
    """
    complete(rated, DIRECTION, NAME)
    named = rated.dropna(subset=["category"])
    strange = sorted(map(str, set(named["category"]) - set(categories)))
    if strange:
        raise BenchError(
            f"the judgments name the category {strange[0]}; "
            f"the study's categories are {', '.join(categories)}"
        )
    counts = named.pivot_table(
        index=DIRECTION, columns="category", aggfunc="size", fill_value=0, observed=True
    )
    return counts.reindex(columns=list(categories), fill_value=0)


def _of_method(counts: pd.DataFrame, generator: str, method: str) -> Floats:
    names = counts.index
    chosen = (names.get_level_values("generator") == generator) & (
        names.get_level_values("method") == method
    )
    return counts[chosen].to_numpy(float)  # (directions, categories)


def _estimates(shares: Floats, method: str) -> list[Estimate | Undefined]:
    """Goodman's simultaneous intervals (Technometrics 1965) at the shares' effective trials."""
    directions, categories = shares.shape
    if directions == 0:
        return [Undefined(f"no change of {method} was given a category")] * categories
    means = shares.mean(axis=0)  # (categories,)
    if directions == 1:
        one = Undefined("one of the directions says nothing about others")
        return [Estimate(float(mean), one) for mean in means]
    ends = multinomial_proportions_confint(means * effective_trials(shares), method="goodman")
    ends = np.clip(ends, 0, 1)  # the formula is off by rounding where a share is 0 or 1
    how = "simultaneous Goodman intervals, clustered by directions"
    return [
        Estimate(float(mean), Interval(float(low), float(high), how))
        for mean, (low, high) in zip(means, ends, strict=True)
    ]
