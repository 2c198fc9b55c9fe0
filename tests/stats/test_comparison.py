"""A method against its baselines, on studies with and without a true difference."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Interval, Undefined
from benchmark.stats.comparison import compare, odds_ratio
from benchmark.stats.permutation import adjusted
from benchmark.stats.population import Population

PEOPLE = {"found": Population(0.7), "random": Population(0.2), "coordinate": Population(0.3)}


@pytest.fixture(scope="module")
def judgments(simulated):
    return simulated(np.random.default_rng(3), PEOPLE, generators=2).judgments


def test_a_planted_difference_is_found_on_each_generator_and_pooled(judgments):
    rows = compare(judgments, "found", ["random", "coordinate"])
    assert [(row.baseline, row.generators) for row in rows] == [
        (baseline, generators)
        for baseline in ("random", "coordinate")
        for generators in (("g0",), ("g1",), ("g0", "g1"))
    ]
    for row in rows:
        truth = 0.5 if row.baseline == "random" else 0.4
        assert row.p_adjusted < 0.05
        assert row.difference.interval.low < truth < row.difference.interval.high
        assert row.odds_ratio > 1
    assert rows[2].directions == (40, 40)
    assert rows[2].difference.value == pytest.approx(
        np.mean([rows[0].difference.value, rows[1].difference.value])
    )


def test_difference_and_odds_ratio_are_of_the_direction_means(judgments):
    row = compare(judgments, "found", ["random"])[0]
    first = judgments[judgments["generator"] == "g0"]
    means = first.groupby(["method", "direction"])["mos"].mean().groupby("method").mean()
    assert row.difference.value == pytest.approx(means["found"] - means["random"])
    odds = means / (1 - means)
    assert row.odds_ratio == pytest.approx(odds["found"] / odds["random"])


def test_the_order_of_rows_and_other_methods_change_nothing(judgments):
    alone = compare(judgments[judgments["method"] != "coordinate"], "found", ["random"])
    shuffled = compare(judgments.sample(frac=1, random_state=0), "found", ["random"])
    assert alone == shuffled == compare(judgments, "found", ["random"])


def test_p_values_are_adjusted_over_all_rows(judgments):
    rows = compare(judgments, "found", ["random", "coordinate"])
    oracle = multipletests([row.p for row in rows], method="holm")[1]
    assert [row.p_adjusted for row in rows] == pytest.approx(oracle.tolist())


def test_holm_equals_statsmodels_and_passes_over_the_undefined():
    p_values = np.random.default_rng(0).uniform(0, 0.2, 9)
    oracle = multipletests(p_values, method="holm")[1].tolist()
    assert adjusted(p_values.tolist()) == pytest.approx(oracle)
    none = Undefined("no answer")
    mixed = adjusted([none, *p_values.tolist(), none])
    assert (mixed[0], mixed[-1]) == (none, none)
    assert mixed[1:-1] == pytest.approx(oracle)
    assert adjusted([none]) == [none]
    assert adjusted([]) == []


def test_holms_published_example():
    """Four tests (Wikipedia, Holm-Bonferroni method): 0.01, 0.04, 0.03, 0.005."""
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_generator_without_a_baseline_says_so_and_is_not_pooled(judgments):
    lacking = judgments[(judgments["generator"] == "g0") | (judgments["method"] != "random")]
    first, second = compare(lacking, "found", ["random"])
    assert isinstance(first.p, float)
    assert second.generators == ("g1",)
    assert second.p == second.p_adjusted == Undefined("no direction of random was rated")
    assert second.p == second.difference == second.odds_ratio


def test_an_unknown_method_is_named_with_its_neighbours(judgments):
    with pytest.raises(BenchError, match="'randm'; did you mean random"):
        compare(judgments, "found", ["randm"])


def test_all_yes_has_an_answer_in_every_field(judgments):
    (row, *_) = compare(judgments.assign(mos=1), "found", ["random"])
    assert (row.difference.value, row.p) == (0, 1)
    assert isinstance(row.difference.interval, Interval)
    assert row.odds_ratio == Undefined("a MOS of 0 or 1 has no finite odds")


def test_one_direction_each_is_refused_with_its_reason(judgments):
    one = judgments[judgments["direction"].isin(["0"]) & (judgments["generator"] == "g0")]
    (row,) = compare(one, "found", ["random"])
    assert isinstance(row.p, Undefined)
    assert "2 arrangements" in row.p.reason
    assert isinstance(row.difference.interval, Undefined)


def test_one_annotator_is_enough_to_compare_methods(judgments):
    of_one = judgments.drop_duplicates(["generator", "method", "direction"]).assign(annotator="a")
    rows = compare(of_one, "found", ["random"])
    assert all(isinstance(row.p, float) for row in rows)


def test_missing_ratings_are_left_out(judgments):
    missing = judgments.astype({"mos": float})
    missing.loc[np.random.default_rng(0).random(len(missing)) < 0.3, "mos"] = np.nan
    rows = compare(missing, "found", ["random"])
    assert rows == compare(missing.dropna(subset=["mos"]), "found", ["random"])


@pytest.mark.parametrize("shares", [(0.0, 0.5), (0.5, 1.0), (1.0, 1.0)])
def test_odds_of_certainty_are_undefined(shares):
    assert isinstance(odds_ratio(*shares), Undefined)


def test_categorical_columns_give_the_same(judgments):
    columns = ["generator", "method", "direction", "annotator"]
    as_categories = judgments.astype(dict.fromkeys(columns, "category"))
    assert isinstance(as_categories["method"].dtype, pd.CategoricalDtype)
    assert compare(as_categories, "found", ["random"]) == compare(judgments, "found", ["random"])
