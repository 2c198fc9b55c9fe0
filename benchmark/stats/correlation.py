"""Does RCA predict what people say? Rank correlation, over directions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import spearmanr

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.judgments import DIRECTION
from benchmark.stats.bootstrap import FEWEST_UNITS, ROUNDING

Floats = NDArray[np.float64]


def rank_correlation(x: Floats, y: Floats) -> Estimate | Undefined:
    """Spearman's correlation of two measures of the same units, (n,) both.

    Its interval is that of Fisher's z with the variance of Bonett & Wright (Psychometrika 2000).
    """
    units = len(x)
    if units < 2:
        return Undefined("fewer than two directions have both measures")
    for name, values in (("first", x), ("second", y)):
        if np.ptp(values) <= ROUNDING:
            return Undefined(f"the {name} measure is the same for all directions")
    value = float(spearmanr(x, y).statistic)
    if units < FEWEST_UNITS:
        return Estimate(value, Undefined(f"{units} directions are fewer than {FEWEST_UNITS}"))
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
    One row per direction in both, named alike.
    """
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
