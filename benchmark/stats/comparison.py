"""Is a method better than a baseline, by how much, and how sure: people's judgments.

The unit is the direction. A test that takes each judgment for independent evidence is wrong here: a
pooled two-proportion test rejects 10-23% of true nulls at a nominal 5%.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import unknown
from benchmark.core.estimates import Estimate, Undefined
from benchmark.core.finite import complete, finite
from benchmark.core.judgments import direction_scores
from benchmark.stats.intervals import interval_of_shares
from benchmark.stats.permutation import adjusted, permute_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A method against a baseline, on one generator or pooled over several that count the same.

    directions: how many of the method and of the baseline. difference: MOS of the method less that
    of the baseline. odds_ratio: of the two MOS. p: two-sided, from the permutation of labels.
    p_adjusted: by Holm, over all comparisons made together. exact: p needed no random numbers.
    """

    generators: tuple[str, ...]
    method: str
    baseline: str
    directions: tuple[int, int]
    difference: Estimate | Undefined
    odds_ratio: float | Undefined
    p: float | Undefined
    p_adjusted: float | Undefined
    exact: bool


def compare(
    judgments: pd.DataFrame, method: str, baselines: Sequence[str], seed: int = 0
) -> tuple[Comparison, ...]:
    """`compare_scores` of the directions that the judgments rate."""
    return compare_scores(direction_scores(judgments), method, baselines, seed)


def compare_scores(
    scores: pd.DataFrame, method: str, baselines: Sequence[str], seed: int = 0
) -> tuple[Comparison, ...]:
    """The method against each baseline: on each generator, then pooled if there are several.

    scores: one row per rated direction: generator, method, mos. Raises BenchError where no
    direction of a method was rated at all, or a value is missing.
    """
    complete(scores, ["generator", "method", "mos"], "the scores")
    for name in (method, *baselines):
        if name not in set(scores["method"]):
            raise unknown("rated method", name, scores["method"].unique())
    shares = {
        (str(generator), str(name)): rows["mos"].to_numpy(float)
        for (generator, name), rows in scores.groupby(["generator", "method"], observed=True)
    }
    generators = sorted({generator for generator, _ in shares})

    def of(generator: str, name: str) -> Floats:
        return shares.get((generator, name), np.empty(0))

    comparisons = []
    for baseline in baselines:
        strata = {
            generator: (of(generator, method), of(generator, baseline)) for generator in generators
        }
        comparisons += [
            _comparison({generator: pair}, method, baseline, seed)
            for generator, pair in strata.items()
        ]
        both = {generator: pair for generator, pair in strata.items() if all(map(len, pair))}
        if len(both) > 1:
            comparisons.append(_comparison(both, method, baseline, seed))
    return tuple(
        replace(comparison, p_adjusted=p)
        for comparison, p in zip(comparisons, adjusted([c.p for c in comparisons]), strict=True)
    )


def _comparison(
    strata: dict[str, tuple[Floats, Floats]], method: str, baseline: str, seed: int
) -> Comparison:
    generators, pairs = tuple(strata), list(strata.values())
    counts = (sum(len(first) for first, _ in pairs), sum(len(second) for _, second in pairs))
    if 0 in counts:
        missing = Undefined(f"no direction of {baseline if counts[0] else method} was rated")
        return Comparison(
            generators, method, baseline, counts, missing, missing, missing, missing, exact=False
        )
    mos = [float(np.mean([pair[side].mean() for pair in pairs])) for side in (0, 1)]
    difference = Estimate(
        mos[0] - mos[1],
        interval_of_shares(
            [side for pair in pairs for side in pair],
            [weight / len(pairs) for _ in pairs for weight in (1.0, -1.0)],
            "directions",
            seed,
        ),
    )
    test = permute_labels(pairs, seed=seed)
    p = test if isinstance(test, Undefined) else test.p
    exact = not isinstance(test, Undefined) and test.exact
    odds = odds_ratio(*mos)
    return Comparison(generators, method, baseline, counts, difference, odds, p, p, exact)


def odds_ratio(share: float, baseline: float) -> float | Undefined:
    """The odds share / (1 - share), divided by the odds of the baseline's share.

    Raises BenchError where a share is missing.
    """
    finite([share, baseline], "the shares")
    if not (0 < share < 1 and 0 < baseline < 1):
        return Undefined("a MOS of 0 or 1 has no finite odds")
    return share / (1 - share) * (1 - baseline) / baseline
