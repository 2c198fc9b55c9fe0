"""BCa ends against scipy's, from the same resamples; resampled sums against a loop."""

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from scipy.stats import t as student

from benchmark.core.estimates import Interval, Undefined
from benchmark.stats.bootstrap import (
    CHUNK,
    bca,
    blocks,
    drawn_counts,
    expanded,
    interval_of_means,
    resampled_sums,
)

RNG = np.random.default_rng(7)
SKEWED = RNG.exponential(size=25)


@pytest.mark.parametrize("units", [SKEWED, np.repeat([0.0, 1.0], [9, 3])])  # the latter ties often
def test_bca_of_a_mean_equals_scipys_on_the_same_resamples(units):
    oracle = bootstrap((units,), np.mean, method="BCa", n_resamples=4_000, rng=1)
    ends = bca(units.mean(), oracle.bootstrap_distribution, units - units.mean())
    interval = oracle.confidence_interval
    assert ends == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_interval_of_means_is_scipys_at_the_expanded_level():
    interval = interval_of_means([SKEWED], [1.0], "units", resamples=100_000)
    oracle = bootstrap(
        (SKEWED,),
        np.mean,
        method="BCa",
        n_resamples=100_000,
        confidence_level=expanded(len(SKEWED)),
        rng=1,
    ).confidence_interval
    error = 0.01 * SKEWED.std()  # of two sets of resamples
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=error)


def test_interval_of_a_difference_is_scipys_too():
    other = RNG.normal(size=25)
    interval = interval_of_means([SKEWED, other], [1.0, -1.0], "units", resamples=100_000)
    oracle = bootstrap(
        (SKEWED, other),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        method="BCa",
        n_resamples=100_000,
        confidence_level=expanded(25, groups=2),
        rng=1,
    ).confidence_interval
    error = 0.02 * SKEWED.std()
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=error)


def test_expanding_the_level_makes_a_normal_quantile_one_of_t():
    reached = norm.ppf((1 + expanded(10)) / 2) * np.sqrt(9 / 10)
    assert reached == pytest.approx(student.ppf(0.975, 9))
    assert 0.95 < expanded(10_000) < 0.9501


def test_every_resample_draws_as_many_units_as_there_are():
    counts = drawn_counts(6, 5_000, np.random.default_rng(0))
    assert counts.shape == (5_000, 6)
    assert np.all(counts.sum(axis=1) == 6)
    assert counts.mean(axis=0) == pytest.approx(np.ones(6), abs=0.06)  # four standard errors
    assert counts.var(axis=0) == pytest.approx(np.full(6, 5 / 6), abs=0.08)  # binomial(6, 1/6)


def test_resampled_sums_equal_a_loop_over_the_same_draws():
    columns = RNG.normal(size=(9, 2))
    sums = resampled_sums(columns, 50, np.random.default_rng(3))
    counts = drawn_counts(9, 50, np.random.default_rng(3))
    for row, drawn in zip(sums, counts, strict=True):
        units = np.repeat(np.arange(9), drawn.astype(int))
        assert row == pytest.approx(columns[units].sum(axis=0))


def test_units_of_few_kinds_are_resampled_alike():
    """Kinds are drawn instead of units then; mean and spread are those of the theory."""
    values = np.repeat([0.0, 0.2, 0.8], [30, 50, 40])
    sums = resampled_sums(values[:, None], 20_000, np.random.default_rng(0))[:, 0]
    assert sums.mean() == pytest.approx(values.sum(), abs=4 * sums.std() / np.sqrt(20_000))
    assert sums.var() == pytest.approx(120 * values.var(), rel=0.05)
    distinct = values + 1e-9 * np.arange(120)
    other = resampled_sums(distinct[:, None], 20_000, np.random.default_rng(0))[:, 0]
    assert np.quantile(sums, [0.03, 0.5, 0.97]) == pytest.approx(
        np.quantile(other, [0.03, 0.5, 0.97]), abs=0.4
    )


def test_blocks_fill_the_resamples_within_memory():
    rows = list(blocks(10_000, 3_000))
    assert sum(rows) == 10_000
    assert max(rows) * 3_000 <= CHUNK
    assert list(blocks(3, 10 * CHUNK)) == [1, 1, 1]


def test_a_seed_gives_the_same_interval_again():
    first, second, other = (
        interval_of_means([SKEWED], [1.0], "units", seed=seed) for seed in (1, 1, 2)
    )
    assert first == second != other


def test_too_few_or_equal_units_have_no_bootstrap():
    few = interval_of_means([SKEWED[:7]], [1.0], "directions")
    assert few == Undefined("a bootstrap needs 8 directions per group, here are 7")
    equal = interval_of_means([np.full(20, 0.3)], [1.0], "directions")
    assert isinstance(equal, Undefined)
    assert "the same value" in equal.reason


def test_one_varying_group_is_enough_to_resample():
    interval = interval_of_means([SKEWED, np.ones(20)], [1.0, -1.0], "directions")
    assert isinstance(interval, Interval)
    assert interval.low < SKEWED.mean() - 1 < interval.high
