"""Markdown and LaTeX that survive every character a name or a reason can hold."""

import re

import pandas as pd
import pytest

from benchmark.tables.text import LONGEST, entry, latex, markdown, readable

NASTY = r"failed: 50% of a|b & c_d #1 {x} $y ~ ^ \z"


@pytest.fixture
def text():
    table = pd.DataFrame(
        {
            "generator": ["my_net-make", "planted"],
            "rca_fresh": [0.61349, float("nan")],
            "rca_fresh_low": [0.6, float("nan")],
            "rca_fresh_high": [0.62251, float("nan")],
            "n": [30000, 0],
            "status": ["done", NASTY],
        }
    )
    return readable(table)


def test_the_interval_stands_in_brackets_and_is_empty_without_a_value(text):
    column = text["rca_fresh [rca_fresh_low, rca_fresh_high]"]
    assert list(column) == ["0.613 [0.600, 0.623]", ""]
    assert list(text["n"]) == ["30,000", "0"]


@pytest.mark.parametrize(
    ("value", "style", "expected"),
    [
        (0.0004, ".3f", "0.000"),
        (float("nan"), ".3f", ""),
        (None, "g", ""),
        (1e-4, "g", "0.0001"),
        (8, ".0f", "8"),
        ("unit", "g", "unit"),
        (-1e-16, "+.3f", "0.000"),
        (-0.01, "+.3f", "-0.010"),
        (12345, ".3f", "12345"),
        (0.00012, ".2g", "0.00012"),
        (True, "g", "yes"),
    ],
)
def test_entries(value, style, expected):
    assert entry(value, style) == expected


def test_a_small_p_is_never_nothing_and_counts_stay_whole():
    table = pd.DataFrame({"p": [1e-4], "p_holm": [0.04321], "mos": [0.51239], "ratings": [12345]})
    assert list(readable(table, ".3f").iloc[0]) == ["0.0001", "0.043", "0.512", "12345"]


def test_a_long_reason_is_cut():
    cut = entry("word " * 200, "g")
    assert len(cut) <= LONGEST
    assert cut.endswith(" ...")


def test_markdown_keeps_its_columns_whatever_a_reason_holds(text):
    lines = markdown(text, bold=[0]).splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    assert {len(row) for row in cells} == {4}
    assert cells[2][1].strip() == "**0.613 [0.600, 0.623]**"
    assert cells[3][3].strip().replace(r"\|", "|") == NASTY


def test_latex_has_balanced_braces_and_no_bare_special_character(text):
    tex = latex(text, bold=[0])
    bare = re.sub(r"\\[a-zA-Z]+|\\[&%$#_{}]", "", tex)  # without commands and escapes
    assert tex.count(r"\{") == tex.count(r"\}") == 1
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[_%#$~^]", bare)
    assert tex.count("{") == tex.count("}")
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}{lrrl}"):
        assert rule in tex
    rows = [line for line in bare.splitlines() if line.count("&")]
    assert [row.count("&") for row in rows] == [3, 3, 3]


def test_latex_makes_only_the_winner_bold(text):
    assert r"\textbf{0.613 [0.600, 0.623]}" in latex(text, bold=[0])
    assert "textbf" not in latex(text)
