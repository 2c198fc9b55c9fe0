"""Krippendorff's alpha against his package; its interval against scipy, and how often it holds."""

import krippendorff
import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom, dirichlet_multinomial
from scipy.stats import t as student

from benchmark.core.alpha import addends, alpha, alpha_over
from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Undefined
from benchmark.stats.population import POINTS, WEIGHTS, Population
from tests.stats.calibration import FULL, STUDIES

FAR = 0.93  # the least share of studies whose interval holds the truth
COUNTS = np.random.default_rng(0).multinomial(4, [0.6, 0.3, 0.1], size=20).astype(float)
COUNTS[:5, 0] += 2.0  # units of six answers among those of four


def test_the_value_is_that_of_the_package() -> None:
    oracle = krippendorff.alpha(value_counts=COUNTS, level_of_measurement="nominal")
    found = alpha_over(COUNTS, "directions")
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(oracle)
    assert float(alpha(addends(COUNTS).sum(axis=0))) == pytest.approx(oracle)


def test_the_interval_is_that_of_dirichlets_distribution() -> None:
    """Every value of alpha by itself, with scipy's likelihood and its numerical slopes."""
    share, step = COUNTS.sum(axis=0) / COUNTS.sum(), 1e-3

    def likelihoods(value: float) -> np.ndarray:
        spread = share * (1 / value - 1)
        return np.array([dirichlet_multinomial.logpmf(row, spread, row.sum()) for row in COUNTS])

    values = np.arange(step, 1, step)
    whole = np.array([likelihoods(value).sum() for value in values])
    best = values[whole.argmax()]
    below, here, above = (likelihoods(best + move) for move in (-step, 0.0, step))
    slopes, bend = (above - below) / (2 * step), (2 * here - above - below).sum() / step**2
    near = student.ppf(0.975, len(COUNTS) - 1) ** 2 / 2
    inside = values[whole >= whole.max() - near * max(1, slopes.var(ddof=1) * len(COUNTS) / bend)]
    found = alpha_over(COUNTS, "directions")
    assert isinstance(found, Estimate)
    ends = found.interval.low, found.interval.high
    assert ends == pytest.approx((min(inside[0], found.value), inside[-1]), abs=2 * step)


def test_an_estimate_below_chance_lies_in_its_interval() -> None:
    apart = np.full((12, 2), 2.0)  # each unit is judged half and half
    found = alpha_over(apart, "directions")
    assert isinstance(found, Estimate)
    assert found.interval.low == found.value < 0 < found.interval.high


def test_perfect_agreement_ends_at_1() -> None:
    alike = np.repeat([[3.0, 0.0], [0.0, 3.0]], 6, axis=0)
    found = alpha_over(alike, "directions")
    assert isinstance(found, Estimate)
    assert 0.4 < found.interval.low < found.value == found.interval.high == 1


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (COUNTS[:0], "none of the directions has two answers"),
        (COUNTS[:7], "alpha needs 8 directions with two answers, here are 7"),
        (COUNTS[:1], "alpha needs 8 directions with two answers, here is 1"),
        (COUNTS * [1, 0, 0], "all answers are the same, so no disagreement can be expected"),
    ],
)
def test_what_defines_no_alpha_says_why(counts: np.ndarray, reason: str) -> None:
    assert alpha_over(counts, "directions") == Undefined(reason)


def test_a_missing_count_is_refused() -> None:
    with pytest.raises(BenchError, match="the counts of answers"):
        alpha_over(COUNTS * np.nan, "directions")


def study(seed: int, mos: float, directions: int, ratings: int) -> tuple[np.ndarray, float]:
    """Counts (directions, 2) of no and yes by some of twelve annotators, and their true alpha."""
    rng, people = np.random.default_rng([seed, directions, ratings]), Population(mos)
    leniency = people.annotator_sd * rng.standard_normal(12)
    level = people.level + people.direction_sd * rng.standard_normal((directions, 1))
    asked = rng.random((directions, 12)).argsort(axis=1)[:, :ratings]  # (directions, ratings)
    yes = (rng.random((directions, ratings)) < expit(level + leniency[asked])).sum(axis=1)
    chance = expit(people.level + people.direction_sd * POINTS[:, None] + leniency)  # (points, 12)
    both = (chance.sum(axis=1) ** 2 - np.sum(chance**2, axis=1)) / (12 * 11)  # (points,)
    share = float(WEIGHTS @ chance.mean(axis=1))
    truth = 1 - (share - float(WEIGHTS @ both)) / (share * (1 - share))
    return np.column_stack([ratings - yes, yes]).astype(float), truth


@STUDIES
@pytest.mark.parametrize("ratings", [3, 5])
@pytest.mark.parametrize("directions", [8, 20, 60, 120])
@pytest.mark.parametrize("mos", [0.5, 0.7, 0.8, 0.9, 0.95])
def test_intervals_hold_the_truth_however_lopsided_the_answers(
    studies: int, mos: float, directions: int, ratings: int
) -> None:
    hits = []
    for seed in range(studies // 2 if studies < FULL else studies):
        counts, truth = study(seed, mos, directions, ratings)
        found = alpha_over(counts, "directions")
        if isinstance(found, Estimate):  # not where all answers are the same
            hits.append(found.interval.low <= truth <= found.interval.high)
    print(f"alpha of {directions} directions, {ratings} ratings, MOS {mos}: {np.mean(hits):.4f}")
    assert len(hits) > 0.5 * studies // 2
    assert sum(hits) >= binom.ppf(1e-3, len(hits), FAR)
