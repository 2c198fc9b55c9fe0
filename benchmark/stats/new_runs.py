"""Would new runs of a method be ahead as well? The unit is the run.

Directions of one run share its luck: the weights that R began with, the questions it learned from,
where A started. A test over directions has none of that in its p, so it speaks of the trained runs
that it saw. Here each seed gives one number, the difference of the two runs of that seed, and the
seeds are the sample: Student's t of their mean, and as a check without a bell curve the exact turns
of their signs.

Where two methods do not differ but their runs do (SD 0.5 on the logit scale), the test over
directions rejects 56-59% of true nulls at a nominal 5%, with 6 seeds as with one; Student's t over
5, 6 and 12 seeds rejects 4.2-5.6%. Sign turns are the check, not the claim, because few seeds have
few signs: of 5 the smallest p is 0.06 in full and 0.03 by halves of ties, which no correction for
a second comparison survives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import finite
from benchmark.stats.bootstrap import ROUNDING
from benchmark.stats.permutation import swap_labels

Floats = NDArray[np.float64]

FEWEST_SEEDS = 5  # with 4 the interval is 1.6 times as wide as with 8, on the same spread of runs
HOW = "Student's t over seeds"


@dataclass(frozen=True)
class NewRuns:
    """What new runs of both methods would give.

    seeds: how many pairs of runs. difference: the mean over seeds, with its t interval. p:
    two-sided, of the paired t test. p_signs: two-sided mid-p of the exact sign turns. p_adjusted: p
    by Holm, over all claims about new runs made together.
    """

    seeds: int
    difference: Estimate | Undefined
    p: float | Undefined
    p_signs: float | Undefined
    p_adjusted: float | Undefined


def new_runs(differences: ArrayLike) -> NewRuns:
    """differences: of each seed's two runs, the mean over directions, (seeds,)."""
    by_seed = finite(differences, "the differences by seed")  # (seeds,)
    seeds = len(by_seed)
    if seeds < FEWEST_SEEDS:
        return unclaimed(
            Undefined(
                f"a claim about new runs needs at least {FEWEST_SEEDS} seeds, here {_are(seeds)}"
            ),
            seeds,
        )
    value = float(by_seed.mean())
    if np.ptp(by_seed) <= ROUNDING:
        same = Undefined("all seeds give the same difference, so its error is unknown")
        return NewRuns(seeds, Estimate(value, same), same, same, same)
    error = float(by_seed.std(ddof=1)) / seeds**0.5
    half = float(stdtrit(seeds - 1, 0.975)) * error
    p = float(2 * stdtr(seeds - 1, -abs(value) / error))
    turned = swap_labels([by_seed], of="seeds")
    signs = turned if isinstance(turned, Undefined) else turned.p
    return NewRuns(seeds, Estimate(value, Interval(value - half, value + half, HOW)), p, signs, p)


def unclaimed(reason: Undefined, seeds: int = 0) -> NewRuns:
    """Nothing can be said of new runs."""
    return NewRuns(seeds, reason, reason, reason, reason)


def _are(seeds: int) -> str:
    return "is 1" if seeds == 1 else f"are {seeds}"
