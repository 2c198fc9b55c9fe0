"""Tables on disk: all digits in CSV, rounded alike elsewhere, and nothing runs as code."""

import csv
import re
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pandas as pd
import pytest

from benchmark.report.page.view import view
from benchmark.tables.table import Column, Table
from benchmark.tables.text import rounded
from benchmark.tables.writing import (
    escape_markdown,
    latex,
    markdown,
    page,
    without_nan,
    write_csv,
    write_table,
)

NASTY = r"failed: 50% of a|b & c_d #1 {x} $y ~ ^ \z <b> [l](http://x.org) ![i](j) *b* `c` a@b.c"
COLUMNS = {
    "generator": Column("Which.", "text"),
    "n": Column("How many.", "count"),
    "mos": Column("The `mean`."),
    "mos_low": Column("Low."),
    "mos_high": Column("High."),
    "p": Column("Chance.", "p"),
    "exact": Column("Whether.", "flag"),
    "label": Column("In words.", "text"),
}
FRAME = pd.DataFrame(
    {
        "generator": ["a_b", "c"],
        "n": [12345, 2],
        "mos": [1 / 3, nan],
        "mos_low": [0.1, None],
        "mos_high": [0.5, inf],
        "p": [0.00004, 0.5],
        "exact": [True, False],
        "label": [NASTY, None],
    }
)
TABLE = Table("t_1", "A table of 100%", FRAME, COLUMNS, ("A note & more.",), "Of `x` first.")


def cells(text: str) -> list[list[str]]:
    """The cells of each row of a Markdown table, still escaped."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def tabular(text: str) -> list[list[str]]:
    """The cells of each row of a LaTeX table, still escaped."""
    body = text[text.index(r"\toprule") :]
    rows = [line.removesuffix(r" \\") for line in body.splitlines() if line.endswith(r"\\")]
    return [re.split(r"(?<!\\)&", row) for row in rows]


def test_csv_has_all_digits_and_is_empty_where_nothing_is_known(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path)
    text = (tmp_path / "t_1.csv").read_text("utf-8")
    head, first, second = csv.reader(text.splitlines())
    assert head == list(COLUMNS)
    assert first == ["a_b", "12345", "0.3333333333333333", "0.1", "0.5", "4e-05", "True", NASTY]
    assert second == ["c", "2", "", "", "", "0.5", "False", ""]


def test_the_same_value_prints_the_same_everywhere(tmp_path: Path) -> None:
    of_markdown, of_latex = cells(markdown(TABLE)), tabular(latex(TABLE))
    of_page, of_terminal = view(TABLE).rows, rounded(TABLE).to_numpy().tolist()
    for row, p, mos in ((0, "<0.001", "0.333 [0.100, 0.500]"), (1, "0.500", "undefined")):
        assert of_markdown[row + 2][2:4] == [mos, p]
        assert of_page[row][2:4] == of_terminal[row][2:4] == [mos, p]
        tex = [cell.strip().replace(r"\textless{}", "<") for cell in of_latex[row + 1]]
        assert tex[2:4] == [mos, p]


def test_a_page_has_its_parts_in_order() -> None:
    text = page(TABLE)
    parts = [
        "# A table of 100%\n",
        "Of `x` first.",
        "| generator |",
        "A note & more.",
        "## Columns",
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "- `mos`: The `mean`.\n" in text
    assert "| --- | ---: | ---: | ---: | ---: | --- |" in text


def test_markdown_keeps_its_cells_and_shows_markup_as_text() -> None:
    rows = cells(markdown(TABLE))
    assert {len(row) for row in rows} == {6}
    nasty = rows[2][-1]
    assert re.sub(r"\\(?=[^\w\s])", "", nasty.replace(r"\\", "\0")).replace("\0", "\\") == NASTY
    for live in (r"(?<!\\)<b", r"(?<!\\)\]\(", r"(?<!\\)\*", "(?<!\\\\)`", "http://", r"(?<!\\)@"):
        assert not re.search(live, nasty), live


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my_net-make", "my_net-make"),
        ("__init__", r"\_\_init\_\_"),
        ("_soft_", r"\_soft\_"),
        ("&lt;b&gt; & c", r"\&lt;b\&gt; & c"),
        ("p <0.001 [0.1, 0.2]", "p <0.001 [0.1, 0.2]"),
        ("www.x.org", r"www\.x.org"),
        ("</b>", r"\</b>"),
        (r"a\|b", r"a\\\|b"),
    ],
)
def test_escapes_of_markdown(text: str, expected: str) -> None:
    assert escape_markdown(text) == expected


def test_latex_has_balanced_braces_and_no_bare_special_character() -> None:
    tex = latex(TABLE)
    bare = re.sub(r"\\[a-zA-Z]+|\\[&%$#_{}]", "", tex)  # without commands and escapes
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%#$~^<>|]", bare)
    assert r"\caption{A table of 100\%. Of \texttt{x} first. A note \& more.}" in tex
    assert r"\begin{tabular}{lrrrrl}" in tex
    assert [len(row) for row in tabular(tex)] == [6, 6, 6]


def test_a_latex_row_that_begins_with_a_bracket_is_no_option() -> None:
    frame = pd.DataFrame({"generator": ["[2cm] x", "*y"]})
    tex = latex(Table("t", "T", frame, COLUMNS))
    assert "\n{}[2cm] x \\\\" in tex
    assert "\n{}*y \\\\" in tex


def test_what_stands_out_is_bold_and_nothing_else() -> None:
    winner = replace(TABLE, bold=[(0, "mos")])
    assert "**0.333 [0.100, 0.500]**" in markdown(winner)
    assert r"\textbf{0.333 [0.100, 0.500]}" in latex(winner)
    assert markdown(winner).count("**") == 2
    assert "textbf" not in latex(TABLE)


def test_a_spreadsheet_runs_no_cell_and_no_heading(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=x": ["=1+1", "@a", "zoom"], "d": [-0.5, 0.5, 0.1]})
    columns = {"=x": Column("", "text"), "d": Column("", "difference")}
    write_csv(Table("t", "T", frame, columns), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=x,d\n'=1+1,-0.5\n'@a,0.5\nzoom,0.1\n"


def test_an_empty_table_is_written_with_its_notes(tmp_path: Path) -> None:
    write_table(Table("t", "Nothing", FRAME[:0], COLUMNS, ("Nobody came.",)), tmp_path)
    assert "There are no rows." in (tmp_path / "t.md").read_text()
    assert pd.read_csv(tmp_path / "t.csv").empty
    assert "Nobody came." in (tmp_path / "t.tex").read_text()


def test_a_table_of_bots_has_a_column_that_says_so(tmp_path: Path) -> None:
    write_csv(replace(TABLE, simulated=True), tmp_path / "t.csv")
    assert pd.read_csv(tmp_path / "t.csv")["annotators"].eq("simulated").all()
    write_csv(TABLE, tmp_path / "t.csv")
    assert "annotators" not in pd.read_csv(tmp_path / "t.csv")


def test_tables_hold_none_for_what_is_missing() -> None:
    held = without_nan(pd.DataFrame({"x": [1.5, nan, inf], "y": ["a", None, "b"], "n": [1, 2, 3]}))
    assert held["x"].tolist() == [1.5, None, None]
    assert held["y"].tolist() == ["a", None, "b"]
    assert [type(n) for n in held["n"]] == [int] * 3
