"""Do methods differ in the change types they find? A chi-square test over directions.

Chi-square of a table of judgments takes each for independent evidence, which those about one
direction are not. Here the table sums directions' shares, and what chi-square can be without any
difference is found by permuting the methods' labels over directions, within each generator.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.estimates import Undefined
from benchmark.core.finite import finite
from benchmark.core.judgments import first_showings
from benchmark.stats.bootstrap import ROUNDING, blocks
from benchmark.stats.categories import category_counts
from benchmark.stats.permutation import FEWEST_ARRANGEMENTS, RESAMPLES, mid_tail, too_few

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Association:
    """The association of method and change type. directions: how many have a change type. p: from
    the permutation. cramers_v: 0 is none, 1 is that the method tells the change type;
    bias-corrected.
    """

    generators: tuple[str, ...]
    directions: int
    chi2: float | Undefined
    p: float | Undefined
    cramers_v: float | Undefined


def associations(
    judgments: pd.DataFrame, categories: Sequence[str], seed: int = 0
) -> tuple[Association, ...]:
    """The association over all methods: on each generator, then pooled if there are several."""
    rated = first_showings(judgments)
    counts = category_counts(rated, categories)
    names = counts.index.get_level_values("generator")
    generators = sorted(set(rated["generator"]))
    scopes = [(generator,) for generator in generators]
    if len(generators) > 1:
        scopes.append(tuple(generators))
    return tuple(_association(counts[names.isin(scope)], scope, seed) for scope in scopes)


def _association(counts: pd.DataFrame, generators: tuple[str, ...], seed: int) -> Association:
    named = counts.to_numpy(float)  # (directions, categories)
    named = named[:, named.sum(axis=0) > 0]  # a category that nobody named tells nothing
    shares = named / named.sum(axis=1, keepdims=True)
    labels, methods = pd.factorize(counts.index.get_level_values("method"))
    codes, names = pd.factorize(counts.index.get_level_values("generator"))
    strata = [np.flatnonzero(codes == code) for code in range(len(names))]
    arrangements = math.prod(_arrangements(labels[stratum]) for stratum in strata)
    reason = None
    if len(methods) < 2:
        reason = Undefined("fewer than two methods have directions with a change type")
    elif shares.shape[1] < 2:
        reason = Undefined("fewer than two change types were named")
    elif arrangements < FEWEST_ARRANGEMENTS:
        reason = too_few(arrangements)
    if reason:
        return Association(generators, len(shares), reason, reason, reason)
    table = np.eye(len(methods))[labels].T @ shares  # (methods, categories)
    observed = float(chi_square(table))
    rng = np.random.default_rng(seed)
    null = _permuted(shares, labels, strata, table.shape, rng)  # (resamples,)
    p: float | Undefined = mid_tail(observed, np.append(null, observed))
    if np.ptp(null) <= ROUNDING:
        p = Undefined("all arrangements of the labels give the same table")
    v = cramers_v(observed, float(null.mean()), len(shares), table.shape)
    return Association(generators, len(shares), observed, p, v)


def chi_square(table: Floats) -> Floats:
    """Pearson's statistic of tables (..., methods, categories) without an empty row or column.

    Raises BenchError where a count is missing.
    """
    table = finite(table, "the table of methods by categories")
    rows = table.sum(axis=-1, keepdims=True)  # (..., methods, 1)
    columns = table.sum(axis=-2, keepdims=True)  # (..., 1, categories)
    expected = rows * columns / rows.sum(axis=-2, keepdims=True)  # (..., methods, categories)
    return np.sum((table - expected) ** 2 / expected, axis=(-2, -1))


def cramers_v(chi2: float, by_chance: float, n: int, shape: tuple[int, ...]) -> float | Undefined:
    """Cramer's V without its bias (Bergsma, Journal of the Korean Statistical Society 2013).

    by_chance: the mean of chi-square without association, which is subtracted. It is Bergsma's
    (r - 1) (c - 1) n / (n - 1) where each direction has one category. Raises BenchError where a
    number is missing.
    """
    chi2, by_chance = float(finite(chi2, "chi-square")), float(finite(by_chance, "its mean"))
    r, c = shape
    largest = min(k - 1 - (k - 1) ** 2 / (n - 1) for k in (r, c))
    if largest <= 0:
        return Undefined(f"{n} directions are too few for a table of {r} by {c}")
    return min(1.0, math.sqrt(max(0.0, (chi2 - by_chance) / n) / largest))


def _permuted(
    shares: Floats,
    labels: Labels,
    strata: list[Labels],
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> Floats:
    """Chi-square of each random arrangement of the labels within their strata: (resamples,)."""
    values = []
    for rows in blocks(RESAMPLES, len(shares)):
        tables = np.zeros((rows, *shape))  # (b, methods, categories)
        for stratum in strata:
            drawn = rng.permuted(np.tile(labels[stratum], (rows, 1)), axis=1)  # (b, directions)
            for method in range(shape[0]):
                tables[:, method] += (drawn == method) @ shares[stratum]  # (b, categories)
        values.append(chi_square(tables))
    return np.concatenate(values)


def _arrangements(labels: Labels) -> int:
    """In how many ways these labels can be arranged."""
    placed = np.cumsum(np.bincount(labels))
    return math.prod(
        math.comb(int(total), int(size))
        for total, size in zip(placed, np.bincount(labels), strict=True)
    )
