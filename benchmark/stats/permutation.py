"""Permutation tests of a difference of means, exact where all arrangements can be tried; and
Holm's correction (`adjusted`) for many tests, of which some may have no answer.

If two methods do not differ, which of them a direction came from is a mere label. The observed
difference is then one of the many that other labels would have given, and its rank among them is
the p-value. Labels move only within a stratum, such as a generator; several strata make one test of
the mean of their differences.

Means of few yes-or-no answers take few values, so many labels give the very same difference. Those
count half: the mid-p of Lancaster (JASA 1961). In full they make the test reject 2.4-4.5% of true
nulls instead of 5%; by halves it rejects 4.2-5.2%.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.finite import finite, finite_groups
from benchmark.stats.bootstrap import REPETITIVE, ROUNDING, blocks

Floats = NDArray[np.float64]

RESAMPLES = 9_999  # with the observed labels these make 10,000
FEWEST_ARRANGEMENTS = 40  # with fewer, p goes in steps of more than 0.05


EACH = 40  # random arrangements for each test of a family, so that Holm's smallest p is 1 / EACH


@dataclass(frozen=True)
class Permutation:
    """p: two-sided mid-p. exact: over all arrangements; else over random ones and the observed."""

    p: float
    exact: bool


def permute_labels(
    strata: Sequence[tuple[Floats, Floats]], resamples: int = RESAMPLES, seed: int = 0
) -> Permutation | Undefined:
    """Does the first of two independent groups differ from the second?

    strata: the values of both, (n_1,) and (n_2,), neither empty. Raises BenchError where a value is
    missing.
    """
    strata = [
        tuple(finite_groups(pair, f"the values of stratum {i}"))  # type: ignore[misc]
        for i, pair in enumerate(strata)
    ]
    arrangements = math.prod(math.comb(len(a) + len(b), len(a)) for a, b in strata)
    if arrangements < FEWEST_ARRANGEMENTS:
        return too_few(arrangements)
    observed = [first.mean() - second.mean() for first, second in strata]
    if arrangements <= resamples:
        return _exact(observed, [_all_label_differences(a, b) for a, b in strata])
    rng = np.random.default_rng(seed)
    drawn = [_drawn_label_differences(a, b, resamples, rng) for a, b in strata]
    return _random(observed, drawn)


def enough(tests: int) -> int:
    """How many random arrangements a family of so many tests needs, so that the clearest of them
    is clear after Holm's correction: no p is below 1 / (arrangements + 1)."""
    return max(RESAMPLES, EACH * tests - 1)


def swap_labels(
    strata: Sequence[Floats], resamples: int = RESAMPLES, seed: int = 0, of: str = "directions"
) -> Permutation | Undefined:
    """Do two paired groups differ? strata: the differences of the pairs, (n,), none empty.

    Other labels within a pair turn the sign of its difference. of: what the pairs are, in the
    plural. Raises BenchError where a difference is missing.
    """
    strata = finite_groups(strata, "the differences")
    arrangements = 2 ** sum(len(differences) for differences in strata)
    if arrangements < FEWEST_ARRANGEMENTS:
        return too_few(arrangements, of)
    observed = [differences.mean() for differences in strata]
    if arrangements <= resamples:
        signs = [np.array(list(itertools.product((1.0, -1.0), repeat=len(d)))) for d in strata]
        return _exact(observed, [s @ d / len(d) for s, d in zip(signs, strata, strict=True)])
    rng = np.random.default_rng(seed)
    return _random(observed, [_drawn_sign_means(d, resamples, rng) for d in strata])


def too_few(arrangements: int, of: str = "directions") -> Undefined:
    return Undefined(
        f"so few {of} have {arrangements} arrangements of labels; "
        f"a test needs {FEWEST_ARRANGEMENTS}"
    )


def _all_label_differences(first: Floats, second: Floats) -> Floats:
    values = np.concatenate([first, second])  # (n,)
    chosen = np.array(list(itertools.combinations(values, len(first))))  # (arrangements, n_1)
    sums = chosen.sum(axis=1)  # (arrangements,)
    return sums / len(first) - (values.sum() - sums) / len(second)


def _drawn_label_differences(
    first: Floats, second: Floats, resamples: int, rng: np.random.Generator
) -> Floats:
    values = np.concatenate([first, second])  # (n,)
    kinds, frequencies = np.unique(values, return_counts=True)
    if REPETITIVE * len(kinds) < len(values):  # drawing counts is faster than drawing values
        chosen = rng.multivariate_hypergeometric(
            frequencies, len(first), size=resamples, method="marginals"
        )  # (resamples, kinds)
        sums = chosen @ kinds  # (resamples,)
    else:
        drawn = [
            rng.permuted(np.tile(values, (rows, 1)), axis=1)[:, : len(first)].sum(axis=1)
            for rows in blocks(resamples, len(values))
        ]
        sums = np.concatenate(drawn)  # (resamples,)
    return sums / len(first) - (values.sum() - sums) / len(second)


def _drawn_sign_means(differences: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    n = len(differences)
    turned = [rng.integers(2, size=(rows, n)) @ differences for rows in blocks(resamples, n)]
    return (differences.sum() - 2 * np.concatenate(turned)) / n  # (resamples,)


def _exact(observed: Sequence[float], nulls: Sequence[Floats]) -> Permutation:
    """Every arrangement of one stratum meets every one of the others."""
    total = nulls[0]
    for null in nulls[1:]:
        total = np.add.outer(total, null).ravel()
    return Permutation(_two_sided(sum(observed), total), exact=True)


def _random(observed: Sequence[float], nulls: Sequence[Floats]) -> Permutation:
    total = np.append(np.sum(nulls, axis=0), sum(observed))
    return Permutation(_two_sided(sum(observed), total), exact=False)


def _two_sided(observed: float, null: Floats) -> float:
    """Twice the smaller tail; the two make one, because ties are shared between them."""
    above = mid_tail(observed, null)
    return 2 * min(above, 1 - above)


def mid_tail(observed: float, null: Floats) -> float:
    """The share of the null distribution above the observed value, and half of that equal to it."""
    gap = finite(null, "the null distribution") - finite(observed, "the observed value")
    return float(np.mean(gap > ROUNDING) + np.mean(np.abs(gap) <= ROUNDING) / 2)


def adjusted(p_values: Sequence[float | Undefined]) -> list[float | Undefined]:
    """The p-values adjusted over their family (Holm, Scandinavian Journal of Statistics 1979).

    The smallest of m is multiplied by m, the next by m - 1, and none falls below one before it. An
    undefined one stays as it is and does not count: it can reject nothing. Raises BenchError for a
    p outside [0, 1].
    """
    defined = finite([p for p in p_values if not isinstance(p, Undefined)], "the p-values")  # (m,)
    if not np.all((defined >= 0) & (defined <= 1)):
        raise BenchError("the p-values must lie in [0, 1]")
    order = np.argsort(defined)  # (m,)
    steps = defined[order] * np.arange(len(order), 0, -1)  # (m,)
    corrected = np.empty_like(defined)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    remaining = iter(corrected.tolist())
    return [p if isinstance(p, Undefined) else next(remaining) for p in p_values]
