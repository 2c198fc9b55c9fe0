"""The comparison says what the statistics say, and says why where they cannot."""

import pandas as pd
import pytest

from benchmark.report.tables.against import comparison_table
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.stats.comparison import compare_scores
from benchmark.stats.paired import compare_rca
from benchmark.tables.writing import write_table
from tests.report.drawn import draw_judged, write_cell


def rows_of(run):
    return headline(read_cells(run), {})


def answers(run):
    """All stored answers as the statistics want them, read from the files themselves."""
    parts = []
    for path in sorted(run.glob("cells/*/*/*/predictions.parquet")):
        generator, method, folder = path.parts[-4:-1]
        place = {"generator": generator, "method": method, "seed": int(folder.split("-")[0])}
        parts.append(pd.read_parquet(path).assign(**place))
    return pd.concat(parts, ignore_index=True)


def test_a_row_is_what_the_paired_comparison_says(run):
    (line,) = comparison_table(rows_of(run)).frame.to_dict("records")
    (oracle,) = compare_rca(answers(run), "discovered", ["random"])
    assert line["rca_difference"] == oracle.difference.value > 0
    assert line["rca_difference_low"] == oracle.difference.interval.low
    assert line["rca_difference_high"] == oracle.difference.interval.high
    assert (line["rca_p"], line["rca_p_adjusted"]) == (oracle.p, oracle.p_adjusted)
    assert (line["directions"], line["seeds"], line["note"]) == (8, 2, "")
    assert [float(v) for v in line["rca_by_seed"].split(", ")] == pytest.approx(
        oracle.by_seed, abs=6e-4
    )


def test_two_generators_and_two_baselines_are_one_family_and_pooled(run):
    for method, skill in (("discovered", 0.6), ("random", 0.5)):
        for seed in (0, 1):
            write_cell(run, "own-net", method, seed, skill=skill)
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    frame = comparison_table(rows_of(run)).frame
    assert list(zip(frame["generator"], frame["baseline"], strict=True)) == [
        ("own-net", "random"),
        ("planted", "random"),
        ("own-net + planted", "random"),
        ("own-net", "coordinate"),
        ("planted", "coordinate"),
    ]
    family = frame.dropna(subset="rca_p")
    assert len(family) == 4
    assert (family["rca_p_adjusted"] >= family["rca_p"]).all()
    (note,) = frame.loc[frame["rca_p"].isna(), "note"]
    assert note == "discovered and coordinate have no seed in common"


def test_unequal_k_is_a_reason_and_never_nan(tmp_path):
    write_cell(tmp_path, "planted", "discovered", 0, k=8)
    write_cell(tmp_path, "planted", "random", 0, k=4)
    table = comparison_table(rows_of(tmp_path))
    (line,) = table.frame.to_dict("records")
    assert line["rca_difference"] is None
    assert line["rca_p_adjusted"] is None
    assert "equal K" in line["note"]
    assert "not on equal terms on planted: k 8 and 4" in line["note"]
    write_table(table, tmp_path)
    for kind in ("csv", "md", "tex"):
        assert "nan" not in (tmp_path / f"comparison.{kind}").read_text().lower()


def test_a_method_of_two_configurations_is_left_out_and_said_so(run):
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    write_cell(run, "planted", "random", 0, lr=1.0)
    table = comparison_table(rows_of(run))
    assert list(table.frame["baseline"]) == ["coordinate"]
    assert "Left out is random on planted: it has 2 configurations in this run." in table.notes


@pytest.mark.parametrize("methods", [["random"], ["discovered"], ["random", "coordinate"]])
def test_without_the_method_and_a_baseline_there_is_none(tmp_path, methods):
    for method in methods:
        write_cell(tmp_path, "planted", method, 0)
    assert comparison_table(rows_of(tmp_path)) is None


def test_people_stand_beside_r(run):
    judged = draw_judged(simulated=False)
    table = comparison_table(rows_of(run), judged)
    (line,) = table.frame.to_dict("records")
    (oracle,) = compare_scores(judged.directions, "discovered", ["random"])
    assert line["mos_difference"] == oracle.difference.value
    assert (line["mos_p"], line["mos_odds_ratio"]) == (oracle.p, oracle.odds_ratio)
    assert (line["mos_directions"], line["answers"]) == ("7 and 7", "people")
    assert list(table.frame) == list(table.columns)
    assert "imulated" not in table.title


def test_a_pair_that_the_study_left_out_says_so(run):
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    frame = comparison_table(rows_of(run), draw_judged()).frame.set_index("baseline")
    assert frame.loc["coordinate", "mos_difference"] is None
    assert frame.loc["coordinate", "note"] == "the study judged no directions of both"


def test_simulated_answers_are_called_so_in_every_file(run):
    write_table(comparison_table(rows_of(run), draw_judged()), run)
    for kind in ("csv", "md", "tex"):
        assert "simulated" in (run / f"comparison.{kind}").read_text()


def test_the_page_says_what_each_column_means_and_the_tabular_has_its_rules(run):
    table = comparison_table(rows_of(run))
    write_table(table, run)
    text = (run / "comparison.md").read_text()
    assert text.startswith("# discovered against the baselines\n")
    for name in table.frame:
        assert f"- `{name}`: " in text
    tex = (run / "comparison.tex").read_text()
    assert r"\caption{discovered against the baselines. " in tex
    assert r"\toprule" in tex
    assert r"\bottomrule" in tex
