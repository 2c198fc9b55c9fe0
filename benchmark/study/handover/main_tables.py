"""The main tables of a study as a hand-over stores them, beside which others put their own.

The scripts in `analysis` compute each column anew, in R and in Python. The t intervals stand there
because they need no random numbers, so that every program must find the same digits.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmark.study.analyse import Analysis
from benchmark.study.tables.mos_comparisons import POOLED

Floats = NDArray[np.float64]
Ends = tuple[float | None, float | None]

METHODS = ["generator", "method", "directions", "ratings", "mos", "mos_low", "mos_high"]
SHARES = ["interpretable", "interpretable_low", "interpretable_high"]
COMPARED = ["generator", "method", "baseline", "method_directions", "baseline_directions"]
DIFFERENCE = ["difference", "difference_low", "difference_high"]
TESTED = ["odds_ratio", "p", "p_holm", "exact"]


def main_methods(analysis: Analysis) -> pd.DataFrame:
    """MOS of each method on each generator, with its interval and the t interval."""
    frame = analysis.table("mos_methods").frame
    frame = frame[frame["generator"] != POOLED]
    ends = [
        t_interval([_shares(analysis, row["generator"], row["method"])], [1.0])
        for row in frame.to_dict("records")
    ]
    return _with_ends(frame, "mos_t", ends)[[*METHODS, "mos_t_low", "mos_t_high", *SHARES]]


def main_comparisons(analysis: Analysis) -> pd.DataFrame:
    """The difference of each method under test and each baseline, likewise."""
    frame = analysis.table("comparisons").frame
    ends = [_difference(analysis, row) for row in frame.to_dict("records")]
    columns = [*COMPARED, *DIFFERENCE, "difference_t_low", "difference_t_high", *TESTED]
    return _with_ends(frame, "difference_t", ends)[columns]


def main_wins(analysis: Analysis) -> pd.DataFrame:
    """Of a study of pairs: each method's share of wins and its strength."""
    return analysis.table("wins").frame


def main_contests(analysis: Analysis) -> pd.DataFrame:
    """Of a study of pairs: each method against each other."""
    return analysis.table("contests").frame


def t_interval(groups: Sequence[Floats], weights: Sequence[float], level: float = 0.95) -> Ends:
    """The t interval of the weighted sum of group means, by Welch (Biometrika 1947) and
    Satterthwaite (Biometrics 1946) where there are several; None where nothing varies, or a group
    has fewer than two values."""
    if min(len(group) for group in groups) < 2:
        return None, None
    sizes = np.array([len(group) for group in groups])
    parts = np.square(weights) * [group.var(ddof=1) for group in groups] / sizes  # (groups,)
    if parts.sum() == 0:
        return None, None
    freedom = parts.sum() ** 2 / np.sum(parts**2 / (sizes - 1))
    value = sum(w * group.mean() for w, group in zip(weights, groups, strict=True))
    reach = stdtrit(freedom, (1 + level) / 2) * np.sqrt(parts.sum())
    return float(value - reach), float(value + reach)


def _with_ends(frame: pd.DataFrame, name: str, ends: Sequence[Ends]) -> pd.DataFrame:
    """The frame with the ends of an interval; of objects, since None is no number."""
    columns = {
        f"{name}_{end}": pd.Series([pair[i] for pair in ends], frame.index, dtype=object)
        for i, end in enumerate(("low", "high"))
    }
    return frame.assign(**columns)


def _shares(analysis: Analysis, generator: str, method: str) -> Floats:
    """The MOS of each direction of a method, (n,)."""
    rated = analysis.directions
    own = rated[(rated["generator"] == generator) & (rated["method"] == method)]
    return own["mos"].to_numpy(float)


def _difference(analysis: Analysis, row: dict[Any, Any]) -> Ends:
    every = sorted(analysis.directions["generator"].unique())
    generators = every if row["generator"] == POOLED else [row["generator"]]
    pairs = [
        [_shares(analysis, generator, row[side]) for side in ("method", "baseline")]
        for generator in generators
    ]
    both = [pair for pair in pairs if all(map(len, pair))]
    if not both:
        return None, None
    groups = [side for pair in both for side in pair]
    return t_interval(groups, [sign / len(both) for _ in both for sign in (1.0, -1.0)])
