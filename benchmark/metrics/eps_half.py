"""How long a shift must be for R to tell directions apart: accuracy by |eps|, as one number."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from benchmark.metrics.metric import Evidence, Metric
from benchmark.rca.protocol import Protocol
from benchmark.tables.table import Column

LEAST = 1e-3  # of the largest shift: what is shorter counts as that
RIDGE = 1e-2  # of the fit, which without it has no end where right and wrong do not overlap
ROUNDS = 60  # of Fisher scoring, which needs about ten
LONGEST = 4.0  # a step of it
TINY = 1e-12
TOPS = tuple(i / 20 for i in range(2, 21))  # to which accuracy may rise


class EpsHalf(Metric):
    """The length of shift at which half of the directions are told apart."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "eps_half": Column(
            "The length of a shift at which half of the directions are told apart: along them R is "
            "right in half of the cases. Empty where that is never so.",
            kind="number",
            better="low",
            label="eps of half",
        )
    }
    direction_columns: ClassVar[Mapping[str, Column]] = {
        "eps_half": Column(
            "The length of a shift along the direction for which R is right in half of the cases, "
            "by a logistic fit over its logarithm; empty where no length reaches that.",
            kind="number",
            better="low",
            label="eps of half",
        )
    }

    def by_direction(self, cell: Evidence) -> pd.DataFrame:
        return pd.DataFrame({"eps_half": thresholds(cell.predictions, cell.protocol)})

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        asked = cell.predictions["k"].nunique()
        return {"eps_half": of_half(table["eps_half"].to_numpy(float), asked)}


def thresholds(predictions: pd.DataFrame, protocol: Protocol) -> np.ndarray:
    """(K,) the |eps| at which a curve through each direction's answers first reaches 1/2; NaN where
    it does not up to max_shift, or nobody asked.

    The curve is logistic in log |eps| and rises to a top of its own: R names nothing where nothing
    moves, and of twins it names each in half of the cases at most, however long the shift. Lengths
    below a thousandth of max_shift, or min_shift, count as that.
    """
    k = predictions["k"].to_numpy(np.int64)
    right = (predictions["k_hat"].to_numpy() == k).astype(float)  # (n,)
    least = max(protocol.min_shift / protocol.max_shift, LEAST)
    length = np.abs(predictions["eps"].to_numpy(float)) / protocol.max_shift  # (n,) in [0, 1]
    x, first = np.log(length.clip(least)), np.log(least)
    curves = [curve(x, right, k, protocol.k, top) for top in TOPS]
    best = np.argmax([likelihood for _, _, likelihood in curves], axis=0)  # (K,)
    level, slope = (np.stack([c[i] for c in curves])[best, range(protocol.k)] for i in (0, 1))
    top = np.array(TOPS)[best]  # (K,)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(top > 0.5, -np.log(2.0 * top - 1.0), np.inf)  # (K,) log odds
        crossing = np.where(level + slope * first >= needed, first, (needed - level) / slope)
    asked = np.bincount(k, minlength=protocol.k) > 0
    reached = asked & (crossing >= first) & (crossing <= 0.0)
    return np.where(reached, np.exp(crossing.clip(first, 0.0)) * protocol.max_shift, np.nan)


def curve(
    x: np.ndarray, right: np.ndarray, k: np.ndarray, groups: int, top: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, slope and log likelihood, (K,) each, of P(right) = top / (1 + exp(-level - slope x)).

    Maximum likelihood in each group of k, with a ridge of RIDGE / 2 on both, which the likelihood
    has in it; all groups at once, by Fisher scoring.
    """
    level, slope = np.zeros(groups), np.zeros(groups)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(k, values, groups)  # (K,)

    def chance() -> tuple[np.ndarray, np.ndarray]:
        share = 1.0 / (1.0 + np.exp(-(level[k] + slope[k] * x)))  # (n,)
        return share, (top * share).clip(TINY, 1.0 - TINY)  # (n,), (n,)

    for _ in range(ROUNDS):
        share, p = chance()
        rise = top * share * (1.0 - share)  # (n,) of p with the log odds
        pull, weight = rise * (right - p) / (p * (1.0 - p)), rise**2 / (p * (1.0 - p))
        first, second = total(pull) - RIDGE * level, total(x * pull) - RIDGE * slope  # (K,)
        a, b, c = total(weight) + RIDGE, total(x * weight), total(x * x * weight) + RIDGE
        det = a * c - b * b  # (K,) > 0
        steps = np.stack([c * first - b * second, a * second - b * first]) / det  # (2, K)
        steps *= np.minimum(1.0, LONGEST / np.abs(steps).max(axis=0).clip(LONGEST))
        level, slope = level + steps[0], slope + steps[1]
        if np.abs(steps).max() < 1e-9:
            break
    _, p = chance()
    likelihood = total(np.where(right > 0, np.log(p), np.log1p(-p)))  # (K,)
    return level, slope, likelihood - RIDGE / 2 * (level**2 + slope**2)


def of_half(lengths: np.ndarray, directions: int) -> float:
    """The length at which half of the directions, rounded up, have reached theirs. lengths: (K,),
    NaN where none is long enough. NaN where fewer than half reach it."""
    reached = np.sort(lengths[~np.isnan(lengths)])
    needed = -(-directions // 2)
    return float(reached[needed - 1]) if 0 < needed <= len(reached) else float("nan")
