"""Tables on disk: all digits in CSV, rounded for people, and marked where bots answered."""

import io
from pathlib import Path

import pandas as pd

from benchmark.study.analyse import analyse
from benchmark.study.writing_analysis import markdown, readable, write_analysis, write_table
from benchmark.tables.table import Table

from .conftest import gather

FRAME = pd.DataFrame(
    {
        "generator": ["a_b", "c"],
        "n": [12345, 2],
        "mos": [1 / 3, None],
        "mos_low": [0.1, None],
        "mos_high": [0.5, None],
        "p_holm": [0.00004, 0.5],
        "exact": [True, False],
    }
).astype({"mos": object, "mos_low": object, "mos_high": object})
FRAME = FRAME.where(FRAME.notna(), None)
TABLE = Table("t", "A table of 100%", FRAME, dict.fromkeys(FRAME, "Word."), ("A note & more.",))


def test_people_read_rounded_numbers_with_their_interval() -> None:
    text = readable(FRAME)
    assert text.to_dict("records") == [
        {
            "generator": "a_b",
            "n": "12,345",
            "mos [95% interval]": "0.333 [0.100, 0.500]",
            "p_holm": "<0.001",
            "exact": "yes",
        },
        {
            "generator": "c",
            "n": "2",
            "mos [95% interval]": "undefined",
            "p_holm": "0.500",
            "exact": "no",
        },
    ]
    assert markdown(pd.DataFrame({"a|b": ["x|y"]})) == "| a\\|b |\n| --- |\n| x\\|y |\n"


def test_csv_has_all_digits_and_latex_is_escaped(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path)
    csv = (tmp_path / "t.csv").read_text()
    assert "0.3333333333333333" in csv
    assert csv.splitlines()[2] == "c,2,,,,0.5,False"
    tex = (tmp_path / "t.tex").read_text()
    assert r"\toprule" in tex
    assert r"a\_b" in tex
    assert r"\caption{A table of 100\%. A note \& more.}" in tex
    page = (tmp_path / "t.md").read_text()
    assert page.startswith("# A table of 100%\n")
    assert "A note & more." in page
    assert "- `mos`: Word." in page


def test_an_empty_table_is_written_with_its_notes(tmp_path: Path) -> None:
    write_table(Table("t", "Nothing", FRAME[:0], {}, ("Nobody came.",)), tmp_path)
    assert "There are no rows." in (tmp_path / "t.md").read_text()
    assert pd.read_csv(tmp_path / "t.csv").empty
    assert "Nobody came." in (tmp_path / "t.tex").read_text()


def test_every_file_of_bots_carries_the_word(material, tmp_path: Path) -> None:
    bots = gather(material.judgments.assign(simulated=True), material.accuracies, simulated=True)
    write_analysis(analyse(bots), tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".md", ".tex")]
    assert len(files) == 27
    for path in files:
        assert "simulated" in path.read_text().casefold(), path
    figures = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert figures == [
        f"{name}.{kind}" for name in ("change_types", "mos", "rca_mos") for kind in ("png", "svg")
    ]
    for path in (tmp_path / "figures").glob("*.svg"):
        assert "simulated annotators" in path.read_text(), path


def test_nothing_of_people_carries_it(material, tmp_path: Path) -> None:
    analysis = analyse(material)
    write_analysis(analysis, tmp_path)
    for path in tmp_path.rglob("*.*"):
        if path.suffix in (".csv", ".md", ".tex", ".svg"):
            assert "simulated annotators" not in path.read_text(), path
    for table in analysis.tables:
        read = pd.read_csv(io.StringIO((tmp_path / f"{table.name}.csv").read_text()))
        assert list(read) == list(table.columns)
        assert len(read) == len(table.frame)
