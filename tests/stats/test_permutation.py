"""Permutation tests against scipy's null distributions, exact and random."""

import numpy as np
import pytest
from scipy.stats import permutation_test

from benchmark.core.estimates import Undefined
from benchmark.stats.permutation import mid_tail, permute_labels, swap_labels

RNG = np.random.default_rng(5)


def difference(x, y, axis):
    return x.mean(axis=axis) - y.mean(axis=axis)


def mean(x, axis):
    return x.mean(axis=axis)


def oracle(samples, statistic, kind) -> float:
    """Twice the smaller tail of scipy's exact null distribution, ties counted half."""
    result = permutation_test(
        samples, statistic, permutation_type=kind, vectorized=True, n_resamples=np.inf
    )
    ties = np.isclose(result.null_distribution, result.statistic, atol=1e-12)
    above = np.mean((result.null_distribution > result.statistic) & ~ties) + ties.mean() / 2
    return 2 * min(above, 1 - above)


@pytest.mark.parametrize(("n", "m"), [(4, 5), (5, 5), (6, 6), (3, 8), (2, 12)])
def test_exact_label_permutation_equals_scipy(n, m):
    x, y = RNG.integers(0, 6, n) / 5, RNG.integers(0, 6, m) / 5  # means of five answers, with ties
    test = permute_labels([(x, y)])
    assert test.exact
    assert test.p == pytest.approx(oracle((x, y), difference, "independent"))


def test_exact_label_swapping_equals_scipy():
    differences = RNG.integers(-3, 5, 11) / 5
    test = swap_labels([differences])
    assert test.exact
    assert test.p == pytest.approx(oracle((differences,), mean, "samples"))


def test_random_labels_come_near_the_exact_p():
    x, y = RNG.normal(0.8, 1, 8), RNG.normal(0, 1, 8)  # 12,870 arrangements
    exact = oracle((x, y), difference, "independent")
    test = permute_labels([(x, y)])
    assert not test.exact
    assert test.p == pytest.approx(exact, abs=4 * np.sqrt(exact / 10_000))
    differences = RNG.normal(0.5, 1, 14)  # 16,384 arrangements
    exact = oracle((differences,), mean, "samples")
    assert swap_labels([differences]).p == pytest.approx(exact, abs=4 * np.sqrt(exact / 10_000))


def test_values_of_few_kinds_are_permuted_alike():
    """Kinds are drawn instead of units then; p is that of as many distinct values."""
    x, y = np.repeat([0.0, 0.5, 1.0], [20, 30, 30]), np.repeat([0.0, 0.5, 1.0], [30, 35, 15])
    noise = 1e-7 * RNG.normal(size=160)
    few = permute_labels([(x, y)])
    many = permute_labels([(x + noise[:80], y + noise[80:])])
    assert 0.005 < few.p < 0.02
    assert few.p == pytest.approx(many.p, abs=0.006)


def test_strata_make_one_exact_test_of_the_mean_difference():
    """Two strata are all pairs of their arrangements."""
    strata = [(RNG.normal(size=3), RNG.normal(size=3)), (RNG.normal(size=2), RNG.normal(size=4))]
    nulls = [
        permutation_test(pair, difference, vectorized=True, n_resamples=np.inf).null_distribution
        for pair in strata
    ]
    total = np.add.outer(*nulls).ravel()
    observed = sum(x.mean() - y.mean() for x, y in strata)
    above = mid_tail(observed, total)
    test = permute_labels(strata)
    assert test.exact
    assert test.p == pytest.approx(2 * min(above, 1 - above))


def test_strata_keep_a_difference_of_levels_out_of_the_test():
    """One stratum is all yes, the other all no, in both methods: nothing differs."""
    strata = [(np.ones(20), np.ones(10)), (np.zeros(10), np.zeros(20))]
    assert permute_labels(strata).p == pytest.approx(1)


def test_separate_groups_give_the_smallest_p_that_is_possible():
    test = permute_labels([(np.arange(5) + 10.0, np.arange(5.0))])
    assert test.p == pytest.approx(1 / 252)  # twice half of one arrangement in 252
    random = permute_labels([(np.arange(30) + 100.0, np.arange(30.0))])
    assert random.p == pytest.approx(1 / 10_000)


def test_equal_values_give_one():
    assert permute_labels([(np.full(20, 0.6), np.full(20, 0.6))]).p == 1
    assert swap_labels([np.zeros(20)]).p == 1


def test_p_does_not_depend_on_which_method_comes_first():
    x, y = RNG.normal(1, 1, 6), RNG.normal(0, 1, 5)
    assert permute_labels([(x, y)]).p == pytest.approx(permute_labels([(y, x)]).p)


def test_ties_up_to_rounding_are_ties():
    values = np.array([0.1, 0.2, 0.3, 0.3, 0.2, 0.1])
    shuffled = values[[3, 1, 5, 0, 4, 2]] + 1e-15
    tenths = np.round(10 * np.concatenate([values, shuffled])) / 10
    assert permute_labels([(values, shuffled)]).p == permute_labels([(tenths[:6], tenths[6:])]).p


@pytest.mark.parametrize(
    "test",
    [
        permute_labels([(np.ones(3), np.zeros(3))]),
        permute_labels([(np.ones(1), np.zeros(1))]),
        swap_labels([np.ones(5)]),
    ],
)
def test_too_few_arrangements_are_refused(test):
    assert isinstance(test, Undefined)
    assert "a test needs 40" in test.reason
