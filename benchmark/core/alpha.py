"""Krippendorff's alpha of nominal answers, with an interval that holds for lopsided answers too.

alpha = 1 - observed / expected disagreement (Content Analysis, chapter 12), for any number of
answers about each unit: 1 is perfect agreement, 0 that of chance.

Where nearly all answers are the same, the few units with dissent hold all that is known of alpha,
and resampling units shows one sample's luck for all: of 20 directions with a MOS of 0.9 and three
answers each, the intervals of the percentile and of the BCa bootstrap held the truth in 59 and 61%
of studies, those of bootstrap-t and of the jackknife in 60 and 62%. So the interval here is of a
likelihood, which also weighs what might have been seen: it held the truth in 98%, and in 93-99% of
studies of 8 to 120 directions, 3 or 5 answers and a MOS of 0.5 to 0.95. Where directions differ far
more than that (SD 2.5 of their logits, not 1.2) and the MOS is 0.9 or more, it is 90-97%.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import finite

Floats = NDArray[np.float64]

FEWEST = 8  # units, below which alpha says nothing: of two, each half and half, it is -0.5
GRID = 4_000  # values of alpha that are tried for an interval
ALL_THE_SAME = Undefined("all answers are the same, so no disagreement can be expected")
HOW = "likelihood of answers spread over {over} as Dirichlet's distribution"


def alpha_over(counts: Floats, over: str) -> Estimate | Undefined:
    """Alpha and its 95% interval over new units, or why there is none.

    counts: how often each answer was given about each unit, two in all or more: (units, answers).
    over: what the units are, in the plural. Raises BenchError where a count is missing.
    """
    counts = finite(counts, "the counts of answers")
    if not len(counts):
        return Undefined(f"none of the {over} has two answers")
    if np.sum(counts.sum(axis=0) > 0) < 2:
        return ALL_THE_SAME
    if len(counts) < FEWEST:
        here = f"here {'is' if len(counts) == 1 else 'are'} {len(counts)}"
        return Undefined(f"alpha needs {FEWEST} {over} with two answers, {here}")
    value = float(alpha(addends(counts).sum(axis=0)))
    low, high = likely(counts)
    return Estimate(value, Interval(min(low, value), max(high, value), HOW.format(over=over)))


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


def addends(counts: Floats) -> Floats:
    """What each unit adds to the sums that `alpha` takes: (units, answers + 1).

    counts: how often each answer was given about each unit, two in all or more: (units, answers).
    Raises BenchError where one is missing.
    """
    counts = finite(counts, "the counts of answers")
    m = counts.sum(axis=1)  # (units,)
    differing = m - np.sum(counts * (counts - 1), axis=1) / (m - 1)  # (units,)
    return np.column_stack([counts, differing])


def likely(counts: Floats, level: float = 0.95) -> tuple[float, float]:
    """The ends of the likely alphas, in [0, 1]; counts (units, answers) as for `addends`.

    Each unit has chances of its own for the answers, spread around the shares of all answers as
    Dirichlet's distribution is, so that two answers about a unit are equal beyond chance in just
    the share alpha. Likely are the values whose likelihood lies near the largest: by t, as units
    are few, and further off where units differ more than that, as a sandwich of errors does.
    Raises BenchError where a count is missing.
    """
    counts = finite(counts, "the counts of answers")
    given = counts[:, counts.sum(axis=0) > 0]  # (units, answers)
    kinds, often = np.unique(given, axis=0, return_counts=True)  # (kinds, answers), (kinds,)
    each = _log_likelihoods(kinds, given.sum(axis=0) / given.sum())  # (GRID, kinds)
    whole = each @ often  # (GRID,)
    near = float(stdtrit(len(given) - 1, (1 + level) / 2)) ** 2 / 2
    near *= max(1.0, _misfit(each, often, int(whole.argmax())))
    (inside,) = np.nonzero(whole >= whole.max() - near)
    return float(inside[0] / GRID), float((inside[-1] + 1) / GRID)


def _log_likelihoods(kinds: Floats, share: Floats) -> Floats:
    """Of each kind of unit (kinds, answers) at alpha = 0, 1 / GRID, ...: (GRID, kinds).

    By Polya's urn: after m answers about a unit, r of which were one of share p, the next is that
    one with the chance (p (1 - alpha) + r alpha) / (1 - alpha + m alpha). The first answer of all
    says nothing of alpha.
    """
    a = np.arange(GRID)[:, None] / GRID  # (GRID, 1)
    m = np.arange(1, kinds.sum(axis=1).max())  # (m,) answers before the next
    again = (kinds[:, :, None] > m).astype(float)  # (kinds, answers, m): r of 1 and more
    asked = (kinds.sum(axis=1)[:, None] > m).astype(float)  # (kinds, m)
    new = np.sum(kinds > 0, axis=1) - 1  # (kinds,) answers of r = 0
    chances = np.log(share[:, None] * (1 - a[:, None]) + m * a[:, None])  # (GRID, answers, m)
    repeated = np.tensordot(chances, again, axes=([1, 2], [1, 2]))  # (GRID, kinds)
    return new * np.log(1 - a) + repeated - np.log(1 - a + m * a) @ asked.T


def _misfit(each: Floats, often: NDArray[np.int64], best: int) -> float:
    """How much more the slopes of units vary at the best alpha than the likelihood's bend says."""
    i = min(max(best, 1), GRID - 2)
    slopes = (each[i + 1] - each[i - 1]) / 2  # (kinds,)
    units = often.sum()
    variance = np.sum(often * (slopes - often @ slopes / units) ** 2) * units / (units - 1)
    bend = -(each[i + 1] - 2 * each[i] + each[i - 1]) @ often
    return float(variance / bend) if bend > 0 else 1.0
