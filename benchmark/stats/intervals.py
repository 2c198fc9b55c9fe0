"""Intervals of shares in closed form, for independent trials and for clustered ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit
from statsmodels.stats.proportion import proportion_confint

from benchmark.core.estimates import Interval, Undefined
from benchmark.core.finite import finite, finite_groups
from benchmark.stats.bootstrap import interval_of_means

Floats = NDArray[np.float64]

ROUNDING = 1e-28  # a variance that rounding alone can make of equal shares, which have none


def wilson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval (JASA 1927) of each share successes / n.

    successes and n broadcast to one shape, that of both ends returned; ends lie in [0, 1]. Without
    a trial (n = 0) nothing is known: the interval is (0, 1). Raises BenchError where a number is
    missing, ValueError where successes are not in [0, n] or the level is not in (0, 1).
    """
    both = np.broadcast_arrays(finite(successes, "successes"), finite(n, "trials"))
    successes, n = (one.copy() for one in both)
    if not np.all((successes >= 0) & (successes <= n)):
        raise ValueError("successes must lie between 0 and the number of trials")
    if not 0 < finite(level, "the level") < 1:
        raise ValueError(f"the level must lie between 0 and 1, not {level}")
    tried = n > 0
    low, high = proportion_confint(
        successes, np.where(tried, n, 1), alpha=1 - level, method="wilson"
    )
    # No success or no failure: the end is 0 or 1, where the formula is off by rounding.
    return np.where(successes > 0, low, 0.0), np.where(successes < n, high, 1.0)


def effective_trials(shares: Floats) -> float:
    """How many independent trials are worth as much as these units' shares in [0, 1].

    At least one per unit, since the answers about one unit are worth no less (Korn & Graubard,
    Survey Methodology 1998). shares: (units,), or (units, categories) of rows that sum to one.
    Raises BenchError where a share is missing.
    """
    shares = finite(shares, "the shares")
    units = len(shares)
    mean = shares.mean(axis=0)
    variance = np.sum(shares.var(axis=0, ddof=1)) / units
    return max(float(np.sum(mean * (1 - mean)) / variance), units) if variance > ROUNDING else units


def clustered_wilson(shares: Floats, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of the mean of at least two units' shares, by their effective trials.

    Raises BenchError where a share is missing.
    """
    shares = finite(shares, "the shares")
    finite(level, "the level")
    units = len(shares)
    trials = effective_trials(shares)
    student_level = 2 * ndtr(stdtrit(units - 1, (1 + level) / 2)) - 1
    low, high = wilson(shares.mean() * trials, trials, min(student_level, 1 - 1e-12))
    return float(low), float(high)


def interval_of_shares(
    groups: Sequence[Floats], weights: Sequence[float], over: str, seed: int = 0
) -> Interval | Undefined:
    """`bootstrap.interval_of_means` for shares in [0, 1], with an answer for small groups too.

    Where there is nothing to resample, each group's clustered Wilson interval is recovered into
    one of the weighted sum (Zou & Donner, Statistics in Medicine 2008). Raises BenchError where a
    share is missing.
    """
    groups = finite_groups(groups, f"the shares of {over}")
    weights = finite(weights, "the weights").tolist()
    interval = interval_of_means(groups, weights, over, seed=seed)
    if isinstance(interval, Interval):
        return interval
    if min(len(group) for group in groups) < 2:
        return Undefined(f"one of the {over} says nothing about others")
    value, below, above = 0.0, 0.0, 0.0
    for group, weight in zip(groups, weights, strict=True):
        mean = float(group.mean())
        ends = sorted(weight * end for end in clustered_wilson(group))
        value += weight * mean
        below += (weight * mean - ends[0]) ** 2
        above += (ends[1] - weight * mean) ** 2
    return Interval(value - below**0.5, value + above**0.5, f"Wilson interval, clustered by {over}")
