"""The mean opinion score: of each direction, and of each method on each generator.

The MOS of a judgment is 1 if moving along the direction does the same for different z and changes
one factor, else 0 (Voynov & Babenko, 2020, section 4.1).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.estimates import Estimate, Interval
from benchmark.core.judgments import direction_scores, shared_generators
from benchmark.stats.intervals import interval_of_shares, wilson

Floats = NDArray[np.float64]

MAJORITY = 0.5  # a direction is interpretable if more than this share of its annotators say so


@dataclass(frozen=True)
class MethodMos:
    """mos: the mean of the directions' means. interpretable: the share of directions whose MOS
    exceeds one half. Both intervals speak of further directions of the method, judged by the same
    annotators.
    """

    generator: str
    method: str
    directions: int
    ratings: int
    mos: Estimate
    interpretable: Estimate


def direction_mos(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row per rated direction: generator, method, direction, yes, n, mos, and its Wilson
    interval low, high.
    """
    scores = direction_scores(judgments)
    low, high = wilson(scores["yes"], scores["n"])
    return scores.assign(low=low, high=high)


def method_mos(judgments: pd.DataFrame, seed: int = 0) -> tuple[MethodMos, ...]:
    """One result for every generator and method that has a rated direction."""
    return tuple(
        MethodMos(
            generator=str(generator),
            method=str(method),
            directions=len(scores),
            ratings=int(scores["n"].sum()),
            mos=_mean(scores["mos"].to_numpy(), seed),
            interpretable=_share((scores["mos"] > MAJORITY).to_numpy()),
        )
        for (generator, method), scores in direction_scores(judgments).groupby(
            ["generator", "method"], observed=True
        )
    )


def pooled_mos(judgments: pd.DataFrame, seed: int = 0) -> tuple[MethodMos, ...]:
    """One result for every method with rated directions on several generators, over those that all
    such methods share, which count the same however many directions they have; `generator` is "" in
    it. None where they share fewer than two: means over different generators do not compare."""
    found = []
    every = direction_scores(judgments)
    every = every[every["generator"].astype(str).isin(shared_generators(every))]
    for method, scores in every.groupby("method", observed=True):
        shares = [own["mos"].to_numpy() for _, own in scores.groupby("generator", observed=True)]
        if len(shares) < 2:
            continue
        interpretable = [(own > MAJORITY).astype(float) for own in shares]
        found.append(
            MethodMos(
                generator="",
                method=str(method),
                directions=len(scores),
                ratings=int(scores["n"].sum()),
                mos=_mean_of_means(shares, seed),
                interpretable=_mean_of_means(interpretable, seed),
            )
        )
    return tuple(found)


def _mean_of_means(groups: list[Floats], seed: int) -> Estimate:
    weights = [1 / len(groups)] * len(groups)
    interval = interval_of_shares(groups, weights, "directions", seed=seed)
    return Estimate(float(np.mean([group.mean() for group in groups])), interval)


def _mean(shares: Floats, seed: int) -> Estimate:
    interval = interval_of_shares([shares], [1.0], "directions", seed=seed)
    return Estimate(float(shares.mean()), interval)


def _share(yes: NDArray[np.bool_]) -> Estimate:
    low, high = wilson(yes.sum(), len(yes))
    return Estimate(float(yes.mean()), Interval(float(low), float(high), "Wilson, over directions"))
