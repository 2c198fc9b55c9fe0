"""Does RCA predict what people say? Rank correlation, over directions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import spearmanr

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import complete, finite
from benchmark.core.judgments import DIRECTION
from benchmark.stats.bootstrap import ROUNDING

Floats = NDArray[np.float64]

FEWEST_DIRECTIONS = 5  # intervals of 5 to 12 cover 95-99% in simulation; of 4, the ranks of 3-6%
# of samples agree perfectly, which leaves no error to tell


def rank_correlation(x: Floats, y: Floats) -> Estimate | Undefined:
    """Spearman's correlation of two measures of the same units, (n,) both.

    Its interval is that of Fisher's z with the variance of Bonett & Wright (Psychometrika 2000).
    Raises BenchError where a value is missing, or one measure has more units than the other.
    """
    x, y = finite(x, "the first measure"), finite(y, "the second measure")
    if x.shape != y.shape:
        raise BenchError(f"two measures of the same units cannot have {len(x)} and {len(y)} values")
    units = len(x)
    if units < FEWEST_DIRECTIONS:
        here = "is 1" if units == 1 else f"are {units}"
        return Undefined(
            f"a rank correlation needs {FEWEST_DIRECTIONS} directions with both measures, "
            f"here {here}"
        )
    for name, values in (("first", x), ("second", y)):
        if np.ptp(values) <= ROUNDING:
            return Undefined(f"the {name} measure is the same for all directions")
    value = float(spearmanr(x, y).statistic)
    if abs(value) > 1 - ROUNDING:
        return Estimate(value, Undefined("the ranks agree perfectly, so their error is unknown"))
    error = np.sqrt((1 + value**2 / 2) / (units - 3))
    low, high = np.tanh(np.arctanh(value) + ndtri([0.025, 0.975]) * error)
    return Estimate(value, Interval(float(low), float(high), "Fisher's z, Bonett-Wright variance"))


@dataclass(frozen=True)
class RcaAgainstMos:
    """The correlation on one generator, for one method or for all together (method is None).

    Within a method it says whether RCA predicts MOS; over all methods it also holds what sets
    methods apart.
    """

    generator: str
    method: str | None
    directions: int
    correlation: Estimate | Undefined


def rca_against_mos(accuracies: pd.DataFrame, scores: pd.DataFrame) -> tuple[RcaAgainstMos, ...]:
    """The correlations over directions that have both measures.

    accuracies: generator, method, direction, accuracy. scores: generator, method, direction, mos.
    One row per direction in both, named alike; those in one of them alone are left out, and each
    result says how many directions it is of. Raises BenchError where a value is missing.
    """
    complete(accuracies, [*DIRECTION, "accuracy"], "the accuracies")
    complete(scores, [*DIRECTION, "mos"], "the scores")
    both = accuracies.merge(scores, on=DIRECTION, validate="one_to_one")
    results = []
    for generator, rows in both.groupby("generator", observed=True):
        by_method = list(rows.groupby("method", observed=True))
        for method, of_method in [(None, rows), *by_method]:
            correlation = rank_correlation(
                of_method["accuracy"].to_numpy(float), of_method["mos"].to_numpy(float)
            )
            name = None if method is None else str(method)
            results.append(RcaAgainstMos(str(generator), name, len(of_method), correlation))
    return tuple(results)
