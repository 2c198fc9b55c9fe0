"""Krippendorff's alpha of nominal answers, with an interval that holds for lopsided answers too.

alpha = 1 - observed / expected disagreement (Content Analysis, chapter 12), for any number of
answers about each unit: 1 is perfect agreement, 0 that of chance.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmark.core.finite import finite

Floats = NDArray[np.float64]

GRID = 4_000  # values of alpha that are tried for an interval


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
    """
    m = counts.sum(axis=1)  # (units,)
    differing = m - np.sum(counts * (counts - 1), axis=1) / (m - 1)  # (units,)
    return np.column_stack([counts, differing])


def likely_alphas(counts: Floats, level: float = 0.95) -> tuple[float, float]:
    """The interval of alpha over new units; counts (units, answers) as for `addends`.

    Each unit has chances of its own for the answers, spread around the shares of all answers as
    Dirichlet's distribution is, so that two answers about a unit are equal beyond chance in just
    the share alpha. Then answer number m + 1 about a unit is one of share p, which was given r
    times before, with the chance (p (1 - alpha) + r alpha) / (1 - alpha + m alpha): Polya's urn.
    The interval holds the alphas from 0 whose likelihood lies near the largest, by t as units are
    few, and the estimate itself, which may be below 0.

    Raises BenchError where a count is missing, ValueError where all answers are the same.
    """
    counts = finite(counts, "the counts of answers")
    given = counts[:, counts.sum(axis=0) > 0]  # (units, answers)
    if given.shape[1] < 2:
        raise ValueError("answers that are all the same have no alpha")
    share = given.sum(axis=0) / given.sum()  # (answers,)
    before = np.arange(1, given.sum(axis=1).max())  # (r,) answers about a unit before the next
    repeats = (given[:, :, None] > before).sum(axis=0)  # (answers, r)
    answered = (given.sum(axis=1)[:, None] > before).sum(axis=0)  # (r,)
    others = np.sum((given > 0).sum(axis=1) - 1)  # answers that were new to their unit
    tried = np.arange(GRID) / GRID  # (GRID,) alphas
    a = tried[:, None]
    chances = share[:, None] * (1 - a[:, None]) + before * a[:, None]  # (GRID, answers, r)
    likelihood = (
        others * np.log(1 - tried)
        + np.sum(repeats * np.log(chances), axis=(1, 2))
        - np.sum(answered * np.log(1 - a + before * a), axis=1)
    )  # (GRID,)
    near = float(stdtrit(len(given) - 1, (1 + level) / 2)) ** 2 / 2
    inside = tried[likelihood >= likelihood.max() - near]
    value = float(alpha(addends(given).sum(axis=0)))
    return min(value, float(inside[0])), max(value, float(inside[-1]))
