"""Errors of means over pairs of directions, where a direction stands in several pairs.

Pairs without a common direction are independent, all others may vary together (dyadic errors:
Fafchamps & Gubert, Journal of Development Economics 2007; Aronow, Samii & Assenova, Political
Analysis 2015). With D directions of each method, each in two pairs, the variance is known about as
well as one of D - 1 degrees of freedom: twice as many made tests reject 6-8% instead of 5%.

Pairs are rows with the columns method, direction, method_2 and direction_2, of one generator.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.finite import complete, finite

Floats = NDArray[np.float64]

FEWEST_DIRECTIONS = 4  # of a method; three have two degrees of freedom
ENDS = ["method", "direction", "method_2", "direction_2"]
PAIRS = "the pairs"  # in errors


@dataclass(frozen=True)
class Ends:
    """Which directions pairs hold. numbers: of the two of each pair, (pairs, 2). directions: how
    many there are. fewest: of the method that has fewest."""

    numbers: NDArray[np.int64]
    directions: int
    fewest: int

    @property
    def too_few(self) -> Undefined | None:
        """Why there are no errors over so few directions; None where there are."""
        if self.fewest >= FEWEST_DIRECTIONS:
            return None
        here = f"here {'is' if self.fewest == 1 else 'are'} {self.fewest}"
        return Undefined(
            f"errors over pairs need {FEWEST_DIRECTIONS} directions of a method, {here}"
        )


def ends_of(pairs: pd.DataFrame) -> Ends:
    """The directions of these pairs. Raises BenchError where an end is missing."""
    complete(pairs, ENDS, PAIRS)
    method, direction, method_2, direction_2 = (pairs[column].tolist() for column in ENDS)
    both = [*zip(method, direction, strict=True), *zip(method_2, direction_2, strict=True)]
    known = {end: number for number, end in enumerate(dict.fromkeys(both))}
    numbers = np.array([known[end] for end in both]).reshape(2, -1).T  # (pairs, 2)
    return Ends(numbers, len(known), min(Counter(name for name, _ in known).values()))


def dyadic_variance(influence: Floats, ends: Ends) -> Floats:
    """The variance of sums over pairs, such as means: (...).

    influence: what each pair adds to them, of mean zero: (pairs, ...). Where pairs of one direction
    happen to vary against each other, they count as independent. Raises BenchError where an
    influence is missing.
    """
    influence = finite(influence, "the influence of the pairs")
    if len(influence) != len(ends.numbers):
        raise BenchError(f"{len(influence)} influences are not those of {len(ends.numbers)} pairs")
    each = np.zeros((ends.directions, *influence.shape[1:]))  # (directions, ...)
    np.add.at(each, ends.numbers[:, 0], influence)
    np.add.at(each, ends.numbers[:, 1], influence)
    alone = np.sum(influence**2, axis=0)  # (...)
    variance = np.maximum(np.sum(each**2, axis=0) - alone, alone)  # (...)
    # What fitting the mean took from it comes back.
    return np.asarray(variance * ends.fewest / max(ends.fewest - 1, 1))
