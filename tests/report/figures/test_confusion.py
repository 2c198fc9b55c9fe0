"""Confusion: shares by a plain loop, and an order that shows blocks."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.report.figures.confusion import _draw, draw_confusion, order, shares
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import ORDER


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


def test_a_place_of_the_map_holds_the_share_that_its_two_labels_name():
    matrix = np.random.default_rng(3).dirichlet(np.ones(6), size=6)  # row k: the answers to k
    for one, other in ((0, 3), (1, 5), (2, 4)):
        matrix[one] = (matrix[one] + np.eye(6)[other]) / 2
    ax = Figure().subplots()
    _draw(ax, matrix)
    asked, answered = (
        [int(text.get_text()) for text in labels]
        for labels in (ax.get_yticklabels(), ax.get_xticklabels())
    )
    assert asked != sorted(asked)
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == [i + 0.5 for i in range(6)]
    drawn = ax.collections[0].get_array()  # (6, 6): rows from y = 0, columns from x = 0
    for i, k in enumerate(asked):
        for j, k_hat in enumerate(answered):
            assert drawn[i, j] == matrix[k, k_hat]


def test_each_place_of_the_figure_has_the_map_of_its_own_method(run, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.append(figure))
    rows = {r.method: r for r in headline(read_cells(run), {})}
    draw_confusion(list(rows.values()), tmp_path, ORDER)
    maps = {ax.get_title(): ax.collections[0].get_array() for ax in kept[0].axes if ax.get_title()}
    assert list(maps) == ["discovered", "random"]
    for method, drawn in maps.items():
        table = rows[method].first.table("predictions")
        right = [(table[table["k"] == k]["k_hat"] == k).mean() for k in range(8)]
        assert sorted(np.diag(drawn)) == pytest.approx(sorted(right))
