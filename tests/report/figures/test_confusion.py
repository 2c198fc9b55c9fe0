"""Confusion: shares by a plain loop, and an order that shows blocks."""

import numpy as np
import pandas as pd
import pytest

from benchmark.report.figures.confusion import order, shares


def test_shares_are_what_a_loop_counts():
    rng = np.random.default_rng(0)
    asked, answered = rng.integers(0, 4, 200), rng.integers(0, 5, 200)  # 4 is never asked
    expected = np.zeros((5, 5))
    for k, k_hat in zip(asked, answered, strict=True):
        expected[k, k_hat] += 1 / (asked == k).sum()
    found = shares(pd.DataFrame({"k": asked, "k_hat": answered}), 5)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(found.sum(axis=1), [1, 1, 1, 1, 0])


def test_directions_that_are_confused_come_to_stand_together():
    rng = np.random.default_rng(1)
    group = rng.permutation(np.repeat(np.arange(6), 5))  # 30 directions in six hidden groups
    matrix = np.where(group[:, None] == group[None, :], 0.19, 0.002)
    placed = group[order(matrix)]
    assert (np.diff(placed) != 0).sum() == 5  # each group is one run


@pytest.mark.parametrize("k", [1, 2, 3, 512])
def test_the_order_names_each_direction_once(k):
    matrix = np.random.default_rng(2).dirichlet(np.ones(k), size=k)
    assert sorted(order(matrix)) == list(range(k))
