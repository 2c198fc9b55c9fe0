"""Wilson's interval against scipy and a published example; its clustered form by its properties."""

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmark.core.estimates import Interval, Undefined
from benchmark.stats.intervals import (
    clustered_wilson,
    effective_trials,
    interval_of_shares,
    wilson,
)


def test_wilson_equals_scipy_for_every_count():
    for n in (1, 7, 40):
        low, high = wilson(np.arange(n + 1), n)
        for k in range(n + 1):
            oracle = binomtest(k, n).proportion_ci(method="wilson")
            assert (low[k], high[k]) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_wilson_gives_newcombes_published_example():
    low, high = wilson(81, 263)  # Newcombe, Statistics in Medicine 17 (1998), table I
    assert (round(float(low), 4), round(float(high), 4)) == (0.2553, 0.3662)


def test_wilson_without_trials_knows_nothing_and_never_leaves_the_unit_interval():
    low, high = wilson([0, 0, 5], [0, 5, 5])
    assert (low[0], high[0]) == (0, 1)
    assert low[1] == 0
    assert high[2] == 1


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="between 0 and"):
        wilson(successes, n)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_wilson_refuses_levels_that_are_no_probability(level):
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level)


def test_units_that_are_single_trials_are_worth_themselves():
    """With one answer per unit, clustering has nothing to take away."""
    units = np.repeat([0.0, 1.0], [12, 28])
    assert effective_trials(units) == pytest.approx(40)
    assert effective_trials(np.column_stack([units, 1 - units])) == pytest.approx(40)


def test_units_that_agree_with_each_other_are_worth_many_trials():
    assert effective_trials(np.full(10, 0.5) + np.tile([0.01, -0.01], 5)) > 1_000


def test_identical_units_are_worth_one_trial_each():
    assert effective_trials(np.full(6, 0.7)) == 6  # their mean is rounded, which is no variance
    low, high = clustered_wilson(np.ones(6))
    assert high == 1
    assert low < wilson(6, 6)[0]  # t is wider than z


def test_a_difference_of_constant_groups_has_an_interval_within_its_range():
    interval = interval_of_shares([np.ones(12), np.zeros(12)], [1.0, -1.0], "directions")
    assert isinstance(interval, Interval)
    assert interval.high == 1
    assert 0 < interval.low < 1


def test_one_unit_has_no_interval():
    interval = interval_of_shares([np.array([0.4]), np.full(9, 0.5)], [1.0, -1.0], "directions")
    assert interval == Undefined("one of the directions says nothing about others")
