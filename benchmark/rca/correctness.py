"""Reconstructor classification accuracy: how often R's answers are right, of all, of a direction,
of a size of the shift. Chance is 1/K.

predictions: the columns that `benchmark.rca.evaluation.predict` gives.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.stats.intervals import wilson


@dataclass(frozen=True)
class Accuracy:
    """rca in [0, 1] with its 95% Wilson interval; top5 in [0, 1]; shift_error: mean |eps - eps_hat|
    in units of eps."""

    rca: float
    low: float
    high: float
    top5: float
    shift_error: float
    n: int


def summarise(predictions: pd.DataFrame) -> Accuracy:
    """The accuracy of one set of answers."""
    right = predictions["k"] == predictions["k_hat"]
    low, high = wilson(int(right.sum()), len(right))
    return Accuracy(
        rca=float(right.mean()),
        low=float(low),
        high=float(high),
        top5=float((predictions["rank"] < 5).mean()),
        shift_error=float((predictions["eps"] - predictions["eps_hat"]).abs().mean()),
        n=len(predictions),
    )


def per_direction(predictions: pd.DataFrame, n_directions: int) -> pd.DataFrame:
    """One row per direction: k, n asked, accuracy (NaN if never asked), 95% Wilson low and high."""
    right = (predictions["k"] == predictions["k_hat"]).groupby(predictions["k"])
    counts = right.agg(["size", "sum"]).reindex(range(n_directions), fill_value=0)
    return _with_interval(counts.rename_axis("k").reset_index())


def by_shift(predictions: pd.DataFrame, max_shift: float, n_bins: int = 12) -> pd.DataFrame:
    """One row per bin of |eps|: its middle as abs_eps, n, accuracy, 95% Wilson low and high."""
    edges = np.linspace(0.0, max_shift, n_bins + 1)
    place = np.digitize(predictions["eps"].abs(), edges[1:-1])
    right = (predictions["k"] == predictions["k_hat"]).groupby(place)
    counts = right.agg(["size", "sum"]).reindex(range(n_bins), fill_value=0)
    counts = counts.reset_index(drop=True)
    counts.insert(0, "abs_eps", (edges[:-1] + edges[1:]) / 2)
    return _with_interval(counts)


def confusion(predictions: pd.DataFrame, n_directions: int) -> np.ndarray:
    """(K, K) counts: row k asked, column k answered."""
    cells = predictions["k"].to_numpy(np.int64) * n_directions + predictions["k_hat"].to_numpy()
    counts = np.bincount(cells, minlength=n_directions**2)
    return counts.reshape(n_directions, n_directions)


def _with_interval(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns size and sum into n, accuracy, low and high."""
    n, right = counts["size"].to_numpy(), counts["sum"].to_numpy(np.int64)
    low, high = wilson(right, n)
    accuracy = np.divide(right, n, out=np.full(len(n), np.nan), where=n > 0)
    return counts.drop(columns=["size", "sum"]).assign(n=n, accuracy=accuracy, low=low, high=high)
