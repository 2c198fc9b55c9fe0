"""Rank correlation of RCA and MOS."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from benchmark.core.estimates import Undefined
from benchmark.stats.correlation import rank_correlation, rca_against_mos

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


def test_what_has_no_ranks_says_why():
    one = rank_correlation(X[:1], Y[:1])
    assert one == Undefined("fewer than two directions have both measures")
    constant = rank_correlation(X, np.ones(30))
    assert constant == Undefined("the second measure is the same for all directions")
    few = rank_correlation(X[:5], Y[:5])
    assert few.interval == Undefined("5 directions are fewer than 8")
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
