"""The table of designs, and which of them are enough."""

import pytest

from benchmark.core.errors import BenchError
from benchmark.stats.population import Population
from benchmark.stats.power import Design, Power, enough, power_table

BASELINE = Population(0.3)


def test_the_table_has_every_design_that_can_be():
    table = power_table(0.2, BASELINE, (40, 10), (4, 6), (3, 5), studies=400)
    assert [row.design for row in table] == [
        Design(d, a, r) for a, r in ((4, 3), (6, 3), (6, 5)) for d in (10, 40)
    ]
    for few, many in zip(table[::2], table[1::2], strict=True):
        assert many.power > few.power + 0.2


def test_enough_is_the_smallest_design_of_each_curve():
    def row(directions: int, ratings: int, share: float) -> Power:
        return Power(Design(directions, 12, ratings), share, share, share, share)

    table = [
        row(10, 3, 0.4),
        row(20, 3, 0.7),
        row(40, 3, 0.9),
        row(60, 3, 0.97),
        row(10, 5, 0.5),
        row(20, 5, 0.8),
        row(40, 5, 0.95),
        row(10, 8, 0.6),
        row(20, 8, 0.79),
    ]
    chosen = enough(table, 0.8)
    assert [result.design for result in chosen] == [Design(20, 12, 5), Design(40, 12, 3)]
    assert [result.design.judgments for result in chosen] == [200, 240]
    assert enough(table, 0.99) == ()


def test_a_planned_design_reaches_the_power_it_was_planned_for():
    table = power_table(0.3, BASELINE, (10, 20, 40), (12,), (5,), studies=1_000)
    (chosen,) = enough(table, 0.8)
    assert chosen.design == Design(20, 12, 5)
    assert chosen.closed_form == pytest.approx(chosen.power, abs=0.05)


def test_an_effect_without_room_is_refused():
    with pytest.raises(BenchError, match=r"a baseline MOS of 0.9 leaves no room for an effect of"):
        power_table(0.2, Population(0.9))
