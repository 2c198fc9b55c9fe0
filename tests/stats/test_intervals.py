"""Wilson's interval against scipy and a published example."""

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmark.stats.intervals import wilson


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
    assert low[1] == 0 and high[2] == 1


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), (float("nan"), 2)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="between 0 and"):
        wilson(successes, n)
