"""Rank correlation of RCA and MOS."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, spearmanr

from benchmark.core.estimates import Undefined
from benchmark.stats.correlation import rank_correlation, rca_against_mos

from .calibration import FULL, STUDIES, covers

RNG = np.random.default_rng(0)
X = RNG.normal(size=30)
Y = np.round(X + RNG.normal(size=30))  # with ties, as MOS has


def test_the_value_is_scipys_and_the_interval_holds_it():
    result = rank_correlation(X, Y)
    assert result.value == pytest.approx(spearmanr(X, Y).statistic)
    assert -1 < result.interval.low < result.value < result.interval.high < 1


def test_the_interval_is_near_scipys_bootstrap():
    rng = np.random.default_rng(1)
    drawn = rng.integers(30, size=(4_000, 30))
    values = [spearmanr(X[rows], Y[rows]).statistic for rows in drawn[:1_000]]
    interval = rank_correlation(X, Y).interval
    assert (interval.low, interval.high) == pytest.approx(
        tuple(np.quantile(values, [0.025, 0.975])), abs=0.12
    )


@pytest.mark.parametrize("units", [8, 12, 40])
def test_the_error_of_fishers_z_is_that_of_bonett_and_wright(units):
    """sqrt((1 + r^2 / 2) / (n - 3)), Psychometrika 2000, equation 4; not Fieller's 1.06 / (n - 3),
    nor Fisher's own 1 / (n - 3)."""
    x, y = np.random.default_rng(units).normal(size=(2, units))
    y = y + x
    r = spearmanr(x, y).statistic
    interval = rank_correlation(x, y).interval
    for end, sign in ((interval.low, -1), (interval.high, 1)):
        z = sign * 1.959963984540054 * math.sqrt((1 + r * r / 2) / (units - 3))
        assert end == pytest.approx(math.tanh(math.atanh(r) + z), abs=1e-12)


@pytest.mark.parametrize("units", [0, 1, 2, 3, 4])
def test_a_correlation_of_few_directions_is_undefined(units):
    """Of three, +-1.000 is one of four values that chance gives."""
    here = "is 1" if units == 1 else f"are {units}"
    assert rank_correlation(X[:units], Y[:units]) == Undefined(
        f"a rank correlation needs 5 directions with both measures, here {here}"
    )


@STUDIES
@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("units", [5, 8])
def test_intervals_of_few_directions_cover_at_least_as_often(studies, units, correlation):
    """Where the least number comes from: with four the ranks agree perfectly in 3-6% of studies."""

    def measures(rng, n):
        first, noise = rng.standard_normal((2, n))
        second = correlation * first + np.sqrt(1 - correlation**2) * noise
        return rng.binomial(156, expit(1.2 * first)) / 156, rng.binomial(5, expit(1.2 * second)) / 5

    truth = float(spearmanr(*measures(np.random.default_rng(FULL), 100_000)).statistic)
    found = [
        covers(rank_correlation(*measures(np.random.default_rng(seed), units)), truth)
        for seed in range(studies)
    ]
    known = [hit for hit in found if hit is not None]
    print(f"{units} directions cover {np.mean(known):.4f} of {len(known)}")
    assert len(known) >= 0.9 * studies
    assert sum(known) >= binom.ppf(1e-3, len(known), 0.95)


def test_what_has_no_ranks_says_why():
    constant = rank_correlation(X, np.ones(30))
    assert constant == Undefined("the second measure is the same for all directions")
    perfect = rank_correlation(X, X**3)
    assert perfect.value == pytest.approx(1)
    assert isinstance(perfect.interval, Undefined)


def test_within_methods_and_over_all_of_a_generator():
    """Methods differ in both measures and within them nothing is related."""
    rng = np.random.default_rng(2)
    names = pd.DataFrame(
        {
            "generator": "g0",
            "method": np.repeat(["found", "random"], 40),
            "direction": np.tile(np.arange(40).astype(str), 2),
        }
    )
    level = np.repeat([2.0, 0.0], 40)
    accuracies = names.assign(accuracy=level + rng.normal(0, 0.3, 80))
    scores = names.assign(mos=level + rng.normal(0, 0.3, 80)).sample(frac=1, random_state=0)
    everything, found, random = rca_against_mos(accuracies, scores[scores["direction"] != "7"])
    assert (everything.method, found.method, random.method) == (None, "found", "random")
    assert (everything.directions, found.directions) == (78, 39)
    assert everything.correlation.interval.low > 0.5
    for within in (found, random):
        assert within.correlation.interval.low < 0 < within.correlation.interval.high


def test_nothing_in_common_gives_no_rows():
    names = {"generator": ["g0"], "method": ["found"], "direction": ["0"]}
    accuracies = pd.DataFrame(names | {"accuracy": [0.5]})
    scores = pd.DataFrame(names | {"mos": [1.0]})
    assert rca_against_mos(accuracies, scores[:0]) == ()
    (one, _) = rca_against_mos(accuracies, scores)
    assert isinstance(one.correlation, Undefined)
