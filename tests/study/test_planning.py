"""How large a study must be: a table, a curve, and the cheapest design in words."""

from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.stats.population import Population
from benchmark.stats.power import Design, Power, power
from benchmark.study.planning import describe, plan_study


@pytest.fixture(autouse=True)
def few_designs(monkeypatch):
    """A grid of four designs, so that a test takes no time."""
    monkeypatch.setattr(
        "benchmark.stats.power.power_table.__defaults__", ((10, 30), (6,), (3, 5), 2_000, 0)
    )


def test_the_table_holds_the_power_of_every_design(tmp_path: Path) -> None:
    designs = plan_study(0.3, 0.8, 0.3, tmp_path, studies=200, seed=1)
    table = pd.read_csv(tmp_path / "power.csv")
    assert len(table) == 4
    last = power(Design(30, 6, 5), Population(0.6), Population(0.3), 200, 1)
    assert table.iloc[-1]["power"] == last.power
    assert table.iloc[-1]["judgments"] == 300
    assert table.iloc[-1]["closed_form"] == last.closed_form
    reached = table[table["power"] >= 0.8]
    cheapest = reached.sort_values("judgments").iloc[0]
    assert designs[0].design.judgments == cheapest["judgments"]
    page = (tmp_path / "power.md").read_text()
    assert f"Cheapest design with a power of 0.8: {describe(designs[0])}." in page
    for kind in ("webp", "svg", "tex"):
        assert (tmp_path / f"power.{kind}").stat().st_size > 500


def test_a_seed_gives_the_same_table_again(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        plan_study(0.2, 0.8, 0.3, tmp_path / name, studies=200, seed=seed)
    first, again, other = ((tmp_path / n / "power.csv").read_bytes() for n in "abc")
    assert first == again
    assert first != other


def test_what_is_out_of_reach_is_said(tmp_path: Path) -> None:
    assert plan_study(0.02, 0.99, 0.3, tmp_path, studies=100, seed=0) == ()
    assert "No design here reaches a power of 0.99." in (tmp_path / "power.md").read_text()


@pytest.mark.parametrize(
    ("effect", "wanted", "message"), [(0.2, 1.5, "a power lies between"), (0.9, 0.8, "no room")]
)
def test_senseless_wishes_are_refused(tmp_path: Path, effect, wanted, message) -> None:
    with pytest.raises(BenchError, match=message):
        plan_study(effect, wanted, 0.3, tmp_path, studies=100, seed=0)


def test_a_design_in_words() -> None:
    row = Power(Design(20, 12, 5), 0.8125, 0.8, 0.83, 0.81)
    assert describe(row) == (
        "20 directions per method, 5 ratings each, by 12 annotators (200 judgments; power 0.81)"
    )
