"""Tables and figures on the page: what stands out, what is left out, and how they are embedded."""

import re
from base64 import b64decode
from dataclasses import replace
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pandas as pd
import pytest

from benchmark.charts import style
from benchmark.report.page.view import address, brief, is_wide, view
from benchmark.tables.table import Column, Table

COLUMNS = {
    "generator": Column("Where.", "text"),
    "rca_difference": Column("How far.", "difference"),
    "rca_difference_low": Column("", "difference"),
    "rca_difference_high": Column("", "difference"),
    "new": Column("Of new runs.", "difference"),
    "note": Column("Why not.", "text"),
}


def table(notes, new=(None, None), **more):
    frame = pd.DataFrame(
        {
            "generator": ["a", "b"],
            "rca_difference": [0.25, 0.5],
            "rca_difference_low": [0.125, 0.25],
            "rca_difference_high": [0.375, 0.75],
            "new": list(new),
            "note": notes,
        },
        dtype=object,
    )
    return Table("comparison", "A against B", frame, COLUMNS, ("A word.",), **more)


def test_what_no_row_knows_is_left_out_and_a_reason_of_all_rows_said_once():
    shown = brief(table(["few seeds", "few seeds"]))
    assert shown.shown == ["generator", "rca_difference"]
    assert shown.notes == (
        "A word.",
        "Undefined in every row, and so not shown: new.",
        "Of every row: few seeds.",
    )
    assert view(shown).rows[0] == ["a", "+0.250 [+0.125, +0.375]"]


@pytest.mark.parametrize(
    ("notes", "new"), [(["few seeds", ""], (None, 0.5)), (["", "other K"], (0.25, 0.5))]
)
def test_what_a_row_knows_or_says_by_itself_stays(notes, new):
    shown = brief(table(notes, new))
    assert shown.shown == ["generator", "rca_difference", "new", "note"]
    assert shown.notes == ("A word.",)
    assert list(shown.frame["note"]) == notes


def test_what_a_row_says_beside_the_reason_of_all_stays():
    shown = brief(table(["few seeds; other K", "few seeds"]))
    assert shown.notes[-1] == "Of every row: few seeds."
    assert list(shown.frame["note"]) == ["other K", ""]
    whole = table(["few seeds", "few seeds"])
    three = replace(whole, frame=pd.concat([whole.frame, whole.frame[:1].assign(note="")]))
    assert brief(three).notes[-1] == "Of 2 rows: few seeds."
    assert "note" not in brief(three).shown


def test_bold_cells_are_found_among_the_shown_columns():
    shown = view(table(["", ""], (0.1, 0.2), bold=[(1, "new"), (0, "rca_difference")]))
    assert shown.bold == {(1, 2), (0, 1)}


def test_a_figure_is_embedded_whole(tmp_path):
    figure, (ax,) = style.facets(1)
    ax.set_title("100% of <a> & 'b' # c")
    style.save(figure, tmp_path, "drawn")
    for kind in ("svg", "webp"):
        content = (tmp_path / f"drawn.{kind}").read_bytes()
        found = address(f".{kind}", content)
        head, _, data = found.partition(",")
        assert head.startswith("data:image/")
        assert not set(found) & set('"<>#')
        whole = b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
        if kind == "svg":
            same = (ElementTree.canonicalize(text.decode()) for text in (whole, content))
            assert len(set(same)) == 1
            assert not re.search(r"base64$", head)
        else:
            assert whole == content


@pytest.mark.parametrize(("across", "wide"), [(1, False), (2, False), (3, True)])
def test_a_figure_of_three_panels_wants_the_whole_page(tmp_path, across, wide):
    style.save(style.facets(across)[0], tmp_path, "drawn")
    assert is_wide((tmp_path / "drawn.svg").read_bytes()) == wide
