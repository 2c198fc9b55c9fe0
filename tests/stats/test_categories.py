"""Shares of change types: averaged within directions, covered together."""

import numpy as np
import pytest
from statsmodels.stats.proportion import multinomial_proportions_confint

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.stats.categories import change_types
from benchmark.stats.population import Population

CATEGORIES = ["geometry", "colour", "texture", "other"]


@pytest.fixture
def judgments(simulated):
    return simulated(np.random.default_rng(0), {"found": Population(0.5)}).judgments


def test_counts_and_shares_equal_a_loop(judgments):
    results = {result.category: result for result in change_types(judgments, CATEGORIES)}
    named = judgments.dropna(subset=["category"])
    assert list(results) == CATEGORIES
    for category, result in results.items():
        assert result.count == (named["category"] == category).sum()
        shares = [(of["category"] == category).mean() for _, of in named.groupby("direction")]
        assert result.share.value == pytest.approx(np.mean(shares))
        assert result.directions == len(shares)
    assert sum(result.share.value for result in results.values()) == pytest.approx(1)


def test_a_category_nobody_named_has_a_share_of_zero_and_an_upper_end(judgments):
    *_, other = change_types(judgments, CATEGORIES)
    assert (other.category, other.count, other.share.value) == ("other", 0, 0)
    assert other.share.interval.low == 0
    assert 0 < other.share.interval.high < 0.5


def test_one_vote_a_direction_gives_goodmans_intervals(judgments):
    """Then directions are independent trials, and the intervals are those of a multinomial."""
    votes = ["geometry"] * 9 + ["colour"] * 6 + ["texture"] * 5
    one = judgments.drop_duplicates("direction").assign(category=votes)
    results = change_types(one, CATEGORIES[:3])
    oracle = multinomial_proportions_confint([9, 6, 5], method="goodman")
    for result, (low, high) in zip(results, oracle, strict=True):
        assert (result.share.interval.low, result.share.interval.high) == pytest.approx(
            (low, high), abs=0.015
        )  # the unbiased variance makes 20 trials 19


def test_votes_that_follow_their_direction_are_worth_no_more_than_directions(judgments):
    kinds = {str(i): CATEGORIES[i % 3] for i in range(20)}
    same = judgments.assign(category=judgments["direction"].map(kinds))
    once = same.drop_duplicates("direction")
    for repeated, single in zip(
        change_types(same, CATEGORIES), change_types(once, CATEGORIES), strict=True
    ):
        assert repeated.count == 5 * single.count
        assert repeated.share == single.share


def test_one_category_only_has_an_honest_interval(judgments):
    first, *_ = change_types(judgments.assign(category="geometry"), CATEGORIES)
    assert (first.share.value, first.share.interval.high) == (1, 1)
    assert 0.5 < first.share.interval.low < 0.9


def test_no_category_at_all_says_so(judgments):
    for result in change_types(judgments.assign(category=None), CATEGORIES):
        assert (result.count, result.directions) == (0, 0)
        assert result.share == Undefined("no change of found was given a category")
    assert change_types(judgments[:0], CATEGORIES) == ()


def test_one_direction_has_shares_without_interval(judgments):
    one = judgments[judgments["direction"] == "3"].assign(category=["colour"] * 4 + ["texture"])
    geometry, colour, *_ = change_types(one, CATEGORIES)
    assert (geometry.share.value, colour.share.value) == (0, 0.8)
    assert isinstance(colour.share.interval, Undefined)


def test_a_category_outside_the_study_is_named(judgments):
    with pytest.raises(BenchError, match="category texture; the study's categories are geometry"):
        change_types(judgments, ["geometry", "colour"])
