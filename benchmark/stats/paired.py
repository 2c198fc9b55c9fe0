"""Is a method's RCA higher than a baseline's, direction by direction?

RCA (reconstructor classification accuracy, Voynov & Babenko, 2020, section 4.1) is the share of
held-out shifts whose direction the reconstructor names. All methods answer the same questions, so
direction k of one is paired with direction k of the other; seeds are replicates, averaged within
the pair first. That test speaks of these trained runs: luck that all directions of a run share is
not in it. What new runs would give is another claim, with the seeds as the sample; it stands beside
the first as `RcaComparison.new_runs`.

Columns of a frame of predictions: generator, method: str. seed, k (the direction), k_hat (what the
reconstructor says): int. eps and eps_hat, the shift and its estimate: float.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.core.errors import BenchError, unknown
from benchmark.core.estimates import Estimate, Undefined
from benchmark.core.finite import complete
from benchmark.stats.bootstrap import interval_of_means
from benchmark.stats.new_runs import NewRuns, new_runs, unclaimed
from benchmark.stats.permutation import RESAMPLES, Permutation, adjusted, swap_labels

Floats = NDArray[np.float64]
ByMethod = Mapping[str, Mapping[str, pd.DataFrame]]  # by generator and method

CLEAR = 0.005  # a p below it is looked at more closely where a family is large
COLUMNS = ("generator", "method", "seed", "k", "eps", "k_hat", "eps_hat")


@dataclass(frozen=True)
class RcaComparison:
    """A method against a baseline, on one generator or pooled over several that count the same.

    directions: how many pairs. difference: accuracy of the method less that of the baseline, the
    mean over directions. by_seed: that mean for each run of both. seeds: of these runs, in the same
    order. p: two-sided, from swapping labels within pairs. p_adjusted: by Holm, over all
    comparisons made together. All these speak of the trained runs. new_runs: the claim about new
    runs of both; where generators are pooled, of the seeds that all of them have.
    """

    generators: tuple[str, ...]
    method: str
    baseline: str
    directions: int
    difference: Estimate | Undefined
    by_seed: tuple[float, ...]
    p: float | Undefined
    p_adjusted: float | Undefined
    new_runs: NewRuns
    seeds: tuple[int, ...] = ()


def direction_accuracies(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per direction of a run: generator, method, seed, k, n and accuracy = right / n.

    Raises BenchError where a column is missing, or an answer.
    """
    missing = [column for column in COLUMNS if column not in predictions.columns]
    if missing:
        raise BenchError(f"the predictions lack the column {', '.join(missing)}")
    complete(predictions, ["generator", "method", "seed", "k", "k_hat"], "the predictions")
    right = predictions["k"] == predictions["k_hat"]
    of_run = [predictions[name] for name in ("generator", "method", "seed", "k")]
    by_direction = right.groupby(of_run, observed=True)
    return by_direction.agg(n="count", accuracy="mean").reset_index()


def compare_rca(
    predictions: pd.DataFrame, method: str, baselines: Sequence[str], seed: int = 0
) -> tuple[RcaComparison, ...]:
    """`compare_accuracies` of the directions that the predictions are about."""
    return compare_accuracies(direction_accuracies(predictions), method, baselines, seed)


def compare_accuracies(
    accuracies: pd.DataFrame, method: str, baselines: Sequence[str], seed: int = 0
) -> tuple[RcaComparison, ...]:
    """The method against each baseline: on each generator, then pooled if there are several.

    accuracies: as `direction_accuracies` gives them. seed: of the random arrangements, not of the
    runs. Raises BenchError where a value is missing, or a method has no predictions at all.
    """
    return compare_methods(by_method(accuracies), method, baselines, seed)


def by_method(accuracies: pd.DataFrame) -> ByMethod:
    """The accuracies of each method on each generator: a row per direction, a column per seed.

    Raises BenchError where a value is missing.
    """
    complete(accuracies, ["generator", "method", "seed", "k", "accuracy"], "the accuracies")
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for (generator, method), own in accuracies.groupby(["generator", "method"], observed=True):
        found.setdefault(str(generator), {})[str(method)] = own.pivot_table("accuracy", "k", "seed")
    return found


def compare_methods(
    accuracies: ByMethod,
    method: str,
    baselines: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[RcaComparison, ...]:
    """`compare_accuracies` of what `by_method` gives, for whoever compares the same ones again.

    resamples: random arrangements, of which a large family needs more (`permutation.enough`).
    """
    known = list(dict.fromkeys(name for own in accuracies.values() for name in own))
    for name in (method, *baselines):
        if name not in known:
            raise unknown("method with predictions", name, known)
    comparisons = []
    for baseline in baselines:
        pairs = {generator: _pairs(own, method, baseline) for generator, own in accuracies.items()}
        comparisons += [
            _comparison({generator: pair}, method, baseline, seed, resamples)
            for generator, pair in pairs.items()
        ]
        compared = {g: pair for g, pair in pairs.items() if not isinstance(pair, Undefined)}
        if len(compared) > 1:
            comparisons.append(_comparison(compared, method, baseline, seed, resamples))
    return in_one_family(comparisons)


def in_one_family(comparisons: Iterable[RcaComparison]) -> tuple[RcaComparison, ...]:
    """The comparisons with p adjusted over all of them; the claims about new runs are a family of
    their own."""
    every = list(comparisons)
    of_these = adjusted([comparison.p for comparison in every])
    of_new = adjusted([comparison.new_runs.p for comparison in every])
    return tuple(
        replace(c, p_adjusted=these, new_runs=replace(c.new_runs, p_adjusted=new))
        for c, these, new in zip(every, of_these, of_new, strict=True)
    )


def _pairs(
    accuracies: Mapping[str, pd.DataFrame], method: str, baseline: str
) -> pd.DataFrame | Undefined:
    """Differences of accuracy, method less baseline: one row per direction, one column per seed."""
    missing = [name for name in (method, baseline) if name not in accuracies]
    if missing:
        return Undefined(f"no answers of {' and '.join(missing)} here")
    tables = [accuracies[name] for name in (method, baseline)]
    if not set(tables[0].columns) & set(tables[1].columns):
        return Undefined(f"{method} and {baseline} have no seed in common")
    if set(tables[0].index) != set(tables[1].index):
        counts = " and ".join(str(len(table)) for table in tables)
        return Undefined(f"RCA compares at equal K only; here are {counts} directions")
    differences = (tables[0] - tables[1]).dropna(axis="columns", how="all")
    unasked = differences.index[differences.isna().all(axis="columns")]
    if len(unasked):
        return Undefined(
            f"no seed asked both about direction {unasked[0]}"
            + (f" and {len(unasked) - 1} others" if len(unasked) > 1 else "")
        )
    return differences


def _swapped(strata: Sequence[Floats], seed: int, resamples: int) -> Permutation | Undefined:
    """The test; with all of the arrangements only where few cannot tell how clear it is."""
    test = swap_labels(strata, seed=seed)
    if resamples <= RESAMPLES or isinstance(test, Undefined) or test.exact or test.p >= CLEAR:
        return test
    return swap_labels(strata, resamples, seed)


def _comparison(
    pairs: Mapping[str, pd.DataFrame | Undefined],
    method: str,
    baseline: str,
    seed: int,
    resamples: int,
) -> RcaComparison:
    generators = tuple(pairs)
    tables = []
    for table in pairs.values():
        if isinstance(table, Undefined):
            return RcaComparison(
                generators, method, baseline, 0, table, (), table, table, unclaimed(table)
            )
        tables.append(table)
    strata = [table.mean(axis="columns").to_numpy() for table in tables]  # (directions,) each
    weights = [1 / len(strata)] * len(strata)
    value = float(np.mean([differences.mean() for differences in strata]))
    of_runs = pd.concat(
        [table.mean() for table in tables], axis=1
    ).sort_index()  # (seeds, generators)
    by_seed = of_runs.mean(axis="columns")  # (seeds,), over the generators that have the seed
    test = _swapped(strata, seed, resamples)
    p = test if isinstance(test, Undefined) else test.p
    return RcaComparison(
        generators,
        method,
        baseline,
        directions=sum(map(len, strata)),
        difference=Estimate(value, interval_of_means(strata, weights, "directions", seed=seed)),
        by_seed=tuple(by_seed.tolist()),
        p=p,
        p_adjusted=p,
        new_runs=new_runs(of_runs.dropna().mean(axis="columns").to_numpy()),
        seeds=tuple(by_seed.index.tolist()),
    )
