"""Each kind of value has one look, and what is missing has a word or none."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from benchmark.tables.table import Column, Table
from benchmark.tables.text import LONGEST, interval_text, plain_line, rounded, value_text


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (0.61349, "share", "0.613"),
        (0, "share", "0.000"),
        (np.float32(0.25), "share", "0.250"),
        (-0.0001, "share", "0.000"),
        (0.12, "difference", "+0.120"),
        (-0.01, "difference", "-0.010"),
        (-1e-16, "difference", "0.000"),
        (1e-16, "difference", "0.000"),
        (1.8512, "ratio", "1.85"),
        (28.13, "number", "28.1"),
        (1234.5, "number", "1,234"),
        (1e-4, "number", "0.000100"),
        (8.0, "number", "8.00"),
        (99.96, "number", "100"),
        (99.94, "number", "99.9"),
        (0.00002, "number", "2.00e-05"),
        (12345, "number", "12345"),
        (0.0, "number", "0.00"),
        (12345, "count", "12,345"),
        (12345.0, "count", "12,345"),
        (np.int64(7), "count", "7"),
        (0, "count", "0"),
        (0.0123, "p", "0.012"),
        (0.001, "p", "0.001"),
        (0.00099, "p", "<0.001"),
        (0.0, "p", "<0.001"),
        (1, "p", "1.000"),
        (4.25, "seconds", "4.2"),
        (1234.5, "seconds", "1,234"),
        (True, "flag", "yes"),
        (np.bool_(False), "flag", "no"),
        (1.0, "flag", "yes"),
        ("a  b\n c", "text", "a b c"),
        (0.00025, "text", "0.00025"),
        (12345, "text", "12345"),
        (True, "text", "yes"),
    ],
)
def test_a_value_of_each_kind(value, kind, expected):
    assert value_text(value, kind) == expected


@pytest.mark.parametrize("missing", [None, nan, inf, -inf, pd.NA, np.float64("nan")])
def test_no_answer_is_undefined_and_no_word_is_empty(missing):
    for kind in ("share", "difference", "ratio", "number", "count", "p", "seconds", "flag"):
        assert value_text(missing, kind) == "undefined"
    assert value_text(missing, "text") == ""


@pytest.mark.parametrize(
    ("three", "kind", "expected"),
    [
        ((0.61349, 0.6, 0.62251), "share", "0.613 [0.600, 0.623]"),
        ((0.1, -0.02, 0.22), "difference", "+0.100 [-0.020, +0.220]"),
        ((0.5, None, None), "share", "0.500 [undefined]"),
        ((0.5, 0.4, nan), "share", "0.500 [undefined]"),
        ((None, None, None), "share", "undefined"),
        ((inf, 0.1, inf), "ratio", "undefined"),
    ],
)
def test_an_interval_stands_beside_its_value(three, kind, expected):
    assert interval_text(*three, kind) == expected


def test_a_long_text_is_cut_at_a_word_or_where_it_must_be():
    assert plain_line("word " * 200) == " ".join(["word"] * 23) + " ..."
    assert plain_line("x" * 200) == "x" * (LONGEST - 4) + " ..."
    assert plain_line("x" * LONGEST) == "x" * LONGEST


def test_controls_and_turned_lines_are_gone_and_scripts_stay():
    assert plain_line("a\x1b[31m\x00b\u202ec") == "a [31m b c"
    joined = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0646\u0645"  # needs its zero-width non-joiner
    assert plain_line(joined) == joined


def test_the_ends_of_an_interval_are_no_columns_of_their_own():
    frame = pd.DataFrame({"x": [0.5], "x_low": [0.4], "x_high": [0.6], "y_low": [1]})
    table = Table("t", "T", frame, dict.fromkeys(frame, Column("Word.")))
    assert table.shown == ["x", "y_low"]
    assert rounded(table).to_dict("records") == [
        {"x [95% interval]": "0.500 [0.400, 0.600]", "y_low": "1.000"}
    ]


def test_a_column_that_nobody_explains_is_refused():
    with pytest.raises(ValueError, match="table t does not explain y"):
        Table("t", "T", pd.DataFrame({"x": [1], "y": [2]}), {"x": Column("Word.")})


def test_what_nobody_asked_for_is_empty_and_what_cannot_be_answered_is_not():
    frame = pd.DataFrame({"asked": [None, 0.5], "optional": [None, 0.5]}, dtype=object)
    columns = {"asked": Column("A."), "optional": Column("B.", optional=True)}
    text = rounded(Table("t", "T", frame, columns))
    assert text.to_dict("list") == {"asked": ["undefined", "0.500"], "optional": ["", "0.500"]}


def test_an_interval_that_nobody_asked_for_is_empty_too():
    frame = pd.DataFrame({"x": [None, 0.5], "x_low": [None, 0.4], "x_high": [None, 0.6]})
    columns = {"x": Column("It.", optional=True), "x_low": Column(""), "x_high": Column("")}
    text = rounded(Table("t", "T", frame, columns))
    assert text["x [95% interval]"].tolist() == ["", "0.500 [0.400, 0.600]"]
