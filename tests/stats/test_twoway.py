"""The two-way bootstrap against a loop that resamples rows by hand."""

import numpy as np
import pytest

from benchmark.core.estimates import Interval, Undefined
from benchmark.stats.comparison import compare
from benchmark.stats.population import Population
from benchmark.stats.twoway import HOW, two_way_difference

PEOPLE = {"found": Population(0.6), "random": Population(0.3)}


def test_the_interval_equals_that_of_a_loop_over_drawn_rows(simulated):
    drawn = simulated(np.random.default_rng(0), PEOPLE, directions=8, annotators=6, ratings=3)
    judgments = drawn.judgments
    rng = np.random.default_rng(1)
    answers = {
        method: rows.pivot_table("mos", "annotator", "direction")
        .reindex(sorted(judgments["annotator"].unique()))
        .to_numpy()
        for method, rows in judgments.groupby("method")
    }
    differences = []
    for _ in range(4_000):
        people = rng.integers(6, size=6)
        means = {}
        for method, table in answers.items():
            columns = table[people][:, rng.integers(8, size=8)]
            asked = ~np.isnan(columns)
            columns, asked = columns[:, asked.any(axis=0)], asked[:, asked.any(axis=0)]
            shares = np.nansum(columns, axis=0) / asked.sum(axis=0)
            means[method] = shares.mean() if len(shares) else np.nan
        differences.append(means["found"] - means["random"])
    interval = two_way_difference(judgments, "found", "random").interval
    assert (interval.low, interval.high) == pytest.approx(
        tuple(np.nanquantile(differences, [0.025, 0.975])), abs=0.03
    )
    assert interval.how == HOW


def test_it_has_the_value_of_the_comparison_and_a_wider_interval(simulated):
    judgments = simulated(np.random.default_rng(2), PEOPLE, generators=2).judgments
    two_way = two_way_difference(judgments, "found", "random")
    pooled = compare(judgments, "found", ["random"])[-1].difference
    assert two_way.value == pytest.approx(pooled.value)
    assert two_way.interval.low < pooled.interval.low
    assert two_way.interval.high > pooled.interval.high


def test_annotators_who_differ_widen_it(simulated):
    """Two annotators say yes to everything of one method, two to everything of the other."""
    judgments = simulated(
        np.random.default_rng(0), PEOPLE, directions=30, annotators=4, ratings=4
    ).judgments
    fond = judgments["annotator"].isin(["a00", "a01"]) == (judgments["method"] == "found")
    result = two_way_difference(judgments.assign(mos=fond.astype(int)), "found", "random")
    assert (result.interval.low, result.interval.high) == (-1, 1)


@pytest.mark.parametrize(
    ("directions", "annotators", "reason"),
    [
        (1, 6, "one direction says nothing about others"),
        (8, 1, "one annotator says nothing about others"),
    ],
)
def test_one_of_a_kind_is_refused(simulated, directions, annotators, reason):
    judgments = simulated(
        np.random.default_rng(0), PEOPLE, directions=directions, annotators=annotators, ratings=1
    ).judgments
    result = two_way_difference(judgments, "found", "random")
    assert Undefined(reason) in (result, getattr(result, "interval", None))


def test_methods_that_share_no_generator_are_refused(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    result = two_way_difference(judgments, "found", "coordinate")
    assert isinstance(result, Undefined)


def test_resamples_without_ratings_are_refused_if_many(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE, directions=2, ratings=1).judgments
    result = two_way_difference(judgments, "found", "random")
    assert isinstance(result.interval, Undefined)
    assert "too few annotators" in result.interval.reason


def test_all_yes_has_an_interval_of_zero(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments.assign(mos=1)
    interval = two_way_difference(judgments, "found", "random").interval
    assert interval == Interval(0.0, 0.0, HOW)
