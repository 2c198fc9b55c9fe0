"""RCA of methods compared pair by pair, on predictions written down."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.stats.paired import compare_rca, direction_accuracies

EACH = 50  # predictions a direction


def predict(accuracy: dict[tuple[str, str, int], list[float]]) -> pd.DataFrame:
    """Predictions of which exactly this share is right, for every direction of every run."""
    frames = []
    for (generator, method, seed), shares in accuracy.items():
        k = np.repeat(np.arange(len(shares)), EACH)
        right = np.concatenate([np.arange(EACH) < round(share * EACH) for share in shares])
        frame = pd.DataFrame({"k": k, "k_hat": np.where(right, k, (k + 1) % len(shares))})
        frames.append(frame.assign(generator=generator, method=method, seed=seed))
    return pd.concat(frames, ignore_index=True).assign(eps=2.0, eps_hat=1.5)


@pytest.fixture
def accuracy():
    """Two seeds, twelve directions; `found` is better by 0.2 at seed 0 and by 0.1 at seed 1."""
    rng = np.random.default_rng(0)
    shares = {}
    for generator in ("g0", "g1"):
        for seed in (0, 1):
            base = rng.integers(10, 30, 12) / EACH
            shares[generator, "random", seed] = base
            shares[generator, "found", seed] = base + (0.2 if seed == 0 else 0.1)
    return shares


def test_accuracies_equal_a_loop(accuracy):
    table = direction_accuracies(predict(accuracy))
    assert len(table) == 2 * 2 * 2 * 12
    for row in table.itertuples():
        assert row.n == EACH
        expected = accuracy[row.generator, row.method, row.seed][row.k]
        assert row.accuracy == pytest.approx(expected)


def test_the_difference_is_the_mean_over_directions_and_seeds(accuracy):
    first, second, pooled = compare_rca(predict(accuracy), "found", ["random"])
    for row in (first, second, pooled):
        assert row.difference.value == pytest.approx(0.15)
        assert row.by_seed == pytest.approx((0.2, 0.1))
        assert row.p_adjusted < 0.01
    assert (first.directions, pooled.directions) == (12, 24)
    assert pooled.generators == ("g0", "g1")


def test_p_is_near_that_of_another_paired_test(accuracy):
    rng = np.random.default_rng(3)
    noisy = {
        run: np.clip(np.round(shares + rng.normal(0, 0.2, 12), 2), 0, 1)
        for run, shares in accuracy.items()
        if run[0] == "g0" and run[2] == 1
    }
    (row,) = compare_rca(predict(noisy), "found", ["random"])
    table = direction_accuracies(predict(noisy)).pivot_table("accuracy", "k", "method")
    oracle = wilcoxon(table["found"] - table["random"]).pvalue
    assert 0.01 < oracle < 0.9
    assert row.p == pytest.approx(oracle, abs=0.1)
    assert row.difference.interval.low < row.difference.value < row.difference.interval.high


def test_only_seeds_of_both_methods_count(accuracy):
    lacking = {run: shares for run, shares in accuracy.items() if run != ("g0", "random", 1)}
    first, *_ = compare_rca(predict(lacking), "found", ["random"])
    assert first.by_seed == pytest.approx((0.2,))
    assert first.difference.value == pytest.approx(0.2)


def test_no_common_seed_is_refused(accuracy):
    apart = {
        run: shares for run, shares in accuracy.items() if run[2] == (1 if run[1] == "found" else 0)
    }
    for row in compare_rca(predict(apart), "found", ["random"]):
        assert row.p == row.p_adjusted == Undefined("found and random have no seed in common")
        assert row.by_seed == ()


def test_another_number_of_directions_is_refused(accuracy):
    accuracy["g0", "random", 0] = accuracy["g0", "random", 0][:8]
    accuracy["g0", "random", 1] = accuracy["g0", "random", 1][:8]
    first, second = compare_rca(predict(accuracy), "found", ["random"])
    assert first.p == Undefined("RCA compares at equal K only; here are 12 and 8 directions")
    assert isinstance(second.p, float)  # and nothing is pooled over one generator


def test_equal_methods_have_no_difference(accuracy):
    same = accuracy | {
        (generator, "found", seed): shares
        for (generator, method, seed), shares in accuracy.items()
        if method == "random"
    }
    first, *_ = compare_rca(predict(same), "found", ["random"])
    assert (first.difference.value, first.p) == (0, 1)
    assert isinstance(first.difference.interval, Undefined)


def test_few_directions_are_refused():
    few = {("g0", "found", 0): [0.9, 0.8, 0.7], ("g0", "random", 0): [0.1, 0.2, 0.3]}
    (row,) = compare_rca(predict(few), "found", ["random"])
    assert isinstance(row.p, Undefined)
    assert row.difference.value == pytest.approx(0.6)


def test_unknown_methods_and_missing_columns_are_named(accuracy):
    predictions = predict(accuracy)
    with pytest.raises(BenchError, match="did you mean random"):
        compare_rca(predictions, "found", ["rnadom"])
    with pytest.raises(BenchError, match="lack the column k_hat"):
        direction_accuracies(predictions.drop(columns="k_hat"))
