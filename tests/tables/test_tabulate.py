"""Results become columns; what is undefined becomes None and a sentence."""

import numpy as np
import pytest

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.tables.table import Column
from benchmark.tables.tabulate import SIMULATED, tabulate

COLUMNS = {
    "name": Column("A name.", "text"),
    "n": Column("A count.", "count"),
    "x": Column("A value."),
    "x_low": Column("Low."),
    "x_high": Column("High."),
}


def table(rows, **options):
    return tabulate("t", "A table", COLUMNS, rows, ["name"], **options)


def test_an_estimate_takes_three_columns_and_keeps_its_digits() -> None:
    value = 0.1 + 0.2
    made = table([{"name": "a", "n": np.int64(3), "x": Estimate(value, Interval(0, 1, "how"))}])
    assert list(made.frame) == list(COLUMNS)
    assert made.frame.iloc[0].to_dict() == {
        "name": "a",
        "n": 3,
        "x": value,
        "x_low": 0,
        "x_high": 1,
    }
    assert made.frame["x"].dtype == float
    assert made.notes == ()


def test_what_is_undefined_is_none_and_a_note_never_nan() -> None:
    made = table(
        [
            {"name": "a", "n": 1, "x": Undefined("nobody came")},
            {"name": "b", "n": 2, "x": Estimate(0.5, Undefined("one alone"))},
            {"name": "c", "n": 3, "x": Estimate(0.5, Interval(0.4, 0.6, "how"))},
        ]
    )
    assert made.frame["x"].tolist() == [None, 0.5, 0.5]
    assert made.frame["x_low"].tolist() == [None, None, 0.4]
    assert made.notes == (
        "x is undefined for a: nobody came.",
        "x has no interval for b: one alone.",
    )


def test_one_reason_for_many_rows_and_columns_is_one_note() -> None:
    why = Undefined("nobody came")
    rows = [{"name": str(i), "n": why, "x": why} for i in range(5)]
    assert table(rows).notes == ("n and x are undefined for every row: nobody came.",)
    rows.append({"name": "6", "n": 1, "x": Estimate(1.0, Interval(0, 1, "how"))})
    assert table(rows).notes == ("n and x are undefined for 5 of 6 rows: nobody came.",)


def test_a_table_of_bots_says_so_first() -> None:
    made = table([], notes=["Another note."], simulated=True)
    assert made.title == "Simulated: A table"
    assert made.simulated
    assert made.notes == (SIMULATED, "Another note.")
    assert SIMULATED.startswith("Simulated")
    assert list(made.frame) == list(COLUMNS)
    assert len(made.frame) == 0


def test_a_number_that_is_not_finite_is_none_and_a_note() -> None:
    made = table(
        [{"name": "a", "n": 1, "x": float("nan")}, {"name": "b", "n": 2, "x": np.float64("inf")}]
    )
    assert made.frame["x"].tolist() == [None, None]
    assert made.notes == ("x is undefined for a; b: it is no finite number.",)


@pytest.mark.parametrize("wrong", [{"kind": "float"}, {"better": "lower"}])
def test_a_column_of_no_known_kind_is_refused_where_it_is_written(wrong: dict) -> None:
    (value,) = wrong.values()
    with pytest.raises(BenchError, match=rf"cannot be '{value}'; there are '"):
        Column("A value.", **wrong)
