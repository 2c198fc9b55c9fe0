"""MOS of directions and methods, on studies whose answers are written down."""

import numpy as np
import pytest

from benchmark.core.estimates import Undefined
from benchmark.stats.intervals import wilson
from benchmark.stats.mos import direction_mos, method_mos
from benchmark.stats.population import Population

PEOPLE = {"found": Population(0.6), "random": Population(0.3)}


def test_directions_have_wilson_intervals(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    for row in direction_mos(judgments).itertuples():
        low, high = wilson(row.yes, row.n)
        assert (row.mos, row.low, row.high) == (row.yes / row.n, low, high)


def test_a_direction_counts_once_however_many_judged_it(simulated):
    """One direction with 5 yes, one with 1 no: the MOS is 1/2, not 5/6."""
    drawn = simulated(np.random.default_rng(0), {"found": Population(0.5)}, directions=2)
    judgments = drawn.judgments.assign(mos=lambda j: (j["direction"] == "0").astype(int))
    judgments = judgments.drop(index=judgments[judgments["direction"] == "1"].index[1:])
    (result,) = method_mos(judgments)
    assert (result.mos.value, result.directions, result.ratings) == (0.5, 2, 6)


def test_the_interpretable_share_needs_a_majority(simulated):
    drawn = simulated(np.random.default_rng(0), {"found": Population(0.5)}, directions=3, ratings=4)
    judgments = drawn.judgments.assign(mos=[1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    (result,) = method_mos(judgments)
    assert result.interpretable.value == pytest.approx(1 / 3)  # half of the votes is no majority
    low, high = wilson(1, 3)
    assert (result.interpretable.interval.low, result.interpretable.interval.high) == (low, high)


def test_every_generator_and_method_has_a_row_and_its_interval_holds_its_value(simulated):
    judgments = simulated(np.random.default_rng(1), PEOPLE, generators=2).judgments
    results = method_mos(judgments)
    assert [(r.generator, r.method) for r in results] == [
        ("g0", "found"),
        ("g0", "random"),
        ("g1", "found"),
        ("g1", "random"),
    ]
    for result in results:
        assert 0 <= result.mos.interval.low < result.mos.value < result.mos.interval.high <= 1
        assert result.mos.interval.how == "BCa bootstrap over directions"


@pytest.mark.parametrize("answer", [0, 1])
def test_unanimous_methods_still_have_an_honest_interval(simulated, answer):
    judgments = simulated(np.random.default_rng(0), {"found": Population(0.5)}).judgments
    (result,) = method_mos(judgments.assign(mos=answer))
    interval = result.mos.interval
    assert result.mos.value == answer
    assert (interval.low, interval.high)[answer] == answer
    assert 0.15 < interval.high - interval.low < 0.2  # of twenty trials, not of a hundred


def test_one_direction_has_a_mos_without_interval(simulated):
    drawn = simulated(np.random.default_rng(0), {"found": Population(0.5)}, directions=1)
    (result,) = method_mos(drawn.judgments)
    assert result.mos.interval == Undefined("one of the directions says nothing about others")


def test_no_judgments_give_no_rows(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    assert method_mos(judgments[:0]) == ()
    assert method_mos(judgments.assign(mos=np.nan)) == ()
    assert len(direction_mos(judgments[:0])) == 0
