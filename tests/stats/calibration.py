"""How often do tests reject true nulls, and intervals cover the truth, over many drawn studies?

Studies are drawn from populations whose truth is known, with directions (SD 1.2) and annotators
(SD 0.6) that differ on the logit scale. The full form, 2,000 studies, is marked slow and holds the
rates to 3.5-6.5% and 93-97%. The reduced form allows for its own chance.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from benchmark.core.estimates import Estimate, Undefined
from benchmark.stats.population import POINTS, WEIGHTS, Population

FULL = 2_000
RATES = {"rejects": (0.035, 0.065), "covers": (0.93, 0.97)}
CATEGORIES = ["geometry", "colour", "texture"]
STUDIES = pytest.mark.parametrize(
    "studies", [pytest.param(40, id="reduced"), pytest.param(FULL, marks=pytest.mark.slow)]
)
Outcomes = dict[str, bool | None]


def calibrate(kind: str, studies: int, study: Callable[[np.random.Generator], Outcomes]) -> None:
    """Run a study many times; every outcome's rate must lie in its band. None does not count."""
    low, high = RATES[kind]
    hits, runs = Counter(), Counter()
    for seed in range(studies):
        for name, outcome in study(np.random.default_rng(seed)).items():
            if outcome is not None:
                hits[name] += outcome
                runs[name] += 1
    assert runs, "no study has an answer"
    for name, n in runs.items():
        print(f"{name} {kind} {hits[name] / n:.4f} of {n}")
    for name, n in runs.items():
        assert n >= 0.9 * studies, f"{name} has an answer in {n} of {studies} studies only"
        if studies >= FULL:
            assert low <= hits[name] / n <= high, name
        else:
            assert binom.ppf(1e-3, n, low) <= hits[name] <= binom.ppf(1 - 1e-3, n, high), name


def covers(estimate: Estimate | Undefined, truth: float) -> bool | None:
    if isinstance(estimate, Undefined) or isinstance(estimate.interval, Undefined):
        return None
    return estimate.interval.low <= truth <= estimate.interval.high


def rejects(p: float | Undefined) -> bool | None:
    return None if isinstance(p, Undefined) else p <= 0.05


def panel_mos(people: Population, leniency: np.ndarray) -> np.ndarray:
    """Expected mean of a new direction judged by each of these annotators: (annotators,)."""
    logits = people.level + people.direction_sd * POINTS[:, None] + leniency
    return WEIGHTS @ expit(logits)


def predictions(rng: np.random.Generator, accuracy: np.ndarray, each: int = 40) -> pd.DataFrame:
    """What a reconstructor of these accuracies (methods, seeds, directions) would answer."""
    method, seed, k = (x.ravel().repeat(each) for x in np.indices(accuracy.shape))
    right = rng.random(k.size) < accuracy.ravel().repeat(each)
    return pd.DataFrame(
        {
            "generator": "g0",
            "method": np.array(["found", "random"], dtype=object)[method],
            "seed": seed,
            "k": k,
            "eps": 1.0,
            "k_hat": np.where(right, k, (k + 1) % accuracy.shape[2]),
            "eps_hat": 1.0,
        }
    )
