"""Places of methods and their ends, by hand and by simulation."""

import numpy as np
import pandas as pd
import pytest

from benchmark.stats.paired import compare_accuracies, in_one_family
from benchmark.stats.ranks import SURE, Ahead, Place, mean_places


def test_places_by_hand():
    scores = {"x": {"a": 0.9, "b": 0.5, "c": 0.5}, "y": {"a": 0.2, "b": 0.4, "c": 0.3}}
    ahead = [Ahead("x", "a", "b"), Ahead("x", "a", "c"), Ahead("y", "b", "a")]
    places = mean_places(scores, ahead)
    assert places["a"] == Place((1 + 3) / 2, (1 + 2) / 2, (1 + 3) / 2)
    assert places["b"] == Place((2.5 + 1) / 2, (2 + 1) / 2, (3 + 2) / 2)
    assert places["c"] == Place((2.5 + 2) / 2, (2 + 1) / 2, (3 + 3) / 2)


def test_without_clear_orders_every_place_is_possible():
    places = mean_places({"x": {"a": 0.9, "b": 0.5, "c": 0.1}}, [])
    assert {(p.low, p.high) for p in places.values()} == {(1.0, 3.0)}
    assert [p.mean for p in places.values()] == [1, 2, 3]


def wrong_ends(rng: np.random.Generator, spread: float) -> bool:
    """Whether any true mean place of five methods on two generators lies outside its ends."""
    methods, generators, directions = list("abcde"), ["x", "y"], 16
    true = {g: dict(zip(methods, rng.normal(0.5, spread, 5), strict=True)) for g in generators}
    rows = [
        (g, m, 0, k, true[g][m] + rng.normal(0, 0.15))
        for g in generators
        for m in methods
        for k in range(directions)
    ]
    table = pd.DataFrame(rows, columns=["generator", "method", "seed", "k", "accuracy"])
    pairs = in_one_family(
        pair
        for i, first in enumerate(methods)
        for second in methods[i + 1 :]
        for pair in compare_accuracies(table, first, [second])
    )
    ahead = [
        Ahead(p.generators[0], *((p.method, p.baseline)[:: 1 if p.difference.value > 0 else -1]))
        for p in pairs
        if len(p.generators) == 1 and p.p_adjusted < SURE
    ]
    seen = table.groupby(["generator", "method"])["accuracy"].mean()
    found = mean_places({g: {m: seen[g, m] for m in methods} for g in generators}, ahead)
    truth = mean_places(true, [])
    return any(not found[m].low <= truth[m].mean <= found[m].high for m in methods)


@pytest.mark.parametrize(
    "studies", [pytest.param(2, id="reduced"), pytest.param(400, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("spread", [0.0, 0.05, 0.2])
def test_ends_hold_the_truth_of_all_methods_at_once(spread, studies):
    rng = np.random.default_rng(3)
    wrong = sum(wrong_ends(rng, spread) for _ in range(studies))
    assert wrong <= 0.065 * studies
