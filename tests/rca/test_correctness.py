"""RCA and its kin against counts made by hand and by scikit-like loops in plain Python."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.rca import correctness


def answers(n: int = 4000, k: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    asked = rng.integers(0, k, n)
    given = np.where(rng.random(n) < 0.6, asked, rng.integers(0, k, n))
    eps = rng.uniform(-6, 6, n)
    rank = np.where(asked == given, 0, rng.integers(1, k, n))
    return pd.DataFrame(
        {
            "k": asked,
            "eps": eps,
            "k_hat": given,
            "eps_hat": eps + rng.normal(0, 0.5, n),
            "rank": rank,
        }
    )


def test_summary_equals_a_count() -> None:
    table = answers()
    right = sum(int(a == b) for a, b in zip(table["k"], table["k_hat"], strict=True))
    result = correctness.summarise(table)
    interval = stats.binomtest(right, len(table)).proportion_ci(0.95, method="wilson")
    assert result.rca == right / len(table)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert result.top5 == sum(int(r < 5) for r in table["rank"]) / len(table)
    off = [abs(a - b) for a, b in zip(table["eps"], table["eps_hat"], strict=True)]
    assert result.shift_error == pytest.approx(np.mean(off))
    assert result.n == 4000


def test_per_direction_sums_up_and_knows_the_unasked() -> None:
    table = answers()
    table = table[table["k"] != 3]
    rows = correctness.per_direction(table, 7)
    assert list(rows["k"]) == list(range(7))
    assert rows["n"].sum() == len(table)
    for k, group in table.groupby("k"):
        assert rows["accuracy"][k] == pytest.approx(np.mean(group["k"] == group["k_hat"]))
    assert np.isnan(rows["accuracy"][3])
    assert (rows["low"][3], rows["high"][3]) == (0.0, 1.0)
    weighted = (rows["accuracy"] * rows["n"]).sum() / rows["n"].sum()
    assert weighted == pytest.approx(correctness.summarise(table).rca)


def test_accuracy_by_shift_bins_by_size_not_sign() -> None:
    table = pd.DataFrame({"k": [0, 0, 0, 0], "k_hat": [0, 1, 0, 0], "eps": [-0.2, 0.3, 5.9, -6.0]})
    rows = correctness.by_shift(table, max_shift=6.0, n_bins=3)
    assert list(rows["abs_eps"]) == [1.0, 3.0, 5.0]
    assert list(rows["n"]) == [2, 0, 2]
    assert rows["accuracy"].tolist()[0::2] == [0.5, 1.0]
    assert np.isnan(rows["accuracy"][1])


def test_confusion_equals_pandas_crosstab() -> None:
    table = answers()
    expected = pd.crosstab(table["k"], table["k_hat"]).to_numpy()
    np.testing.assert_array_equal(correctness.confusion(table, 7), expected)
