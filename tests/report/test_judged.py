"""Judgments stand beside the directions that people saw, and beside no others."""

import json
from dataclasses import replace

import pandas as pd
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.json_files import write_json
from benchmark.report.judged import Judged, JudgedCell, judged_cells
from benchmark.runs import slimming
from benchmark.runs.replicates import headline
from benchmark.runs.results import Cell, read_cells, read_run
from tests.report.drawn import draw_judged, write_cell


def rows_of(run):
    return headline(read_cells(run), read_run(run).get("headline", {}))


def methods(judged: Judged) -> set[str]:
    return set(judged.directions["method"])


def test_judged_cells_keep_their_judgments(run):
    rows = rows_of(run)
    judged = draw_judged().about(rows)
    pd.testing.assert_frame_equal(judged.directions, draw_judged().directions)
    assert judged.elsewhere == ()
    assert len(judged.of(rows[0].first)) == 7
    assert judged.of(rows[0].done[1]) == {}  # direction k of another seed is another direction


def test_a_row_of_other_settings_shows_no_judgment_and_a_note_says_whose_it_is(run):
    """The same generator, method and k, found anew with another start."""
    new = write_cell(run, "planted", "discovered", 0, method_settings={"start": "random"})
    description = read_run(run)
    (old,) = {one.cell for one in draw_judged().cells if one.cell.method == "discovered"}
    description["headline"]["planted"]["discovered"] = new.config_hash
    write_json(run / "run.json", description)
    rows = rows_of(run)
    judged = draw_judged().about(rows)
    assert methods(judged) == {"random"}
    assert judged.of(rows[0].first) == {}
    (note,) = judged.elsewhere
    assert "judgments of discovered on planted" in note
    assert f"seed 0, configuration {old.config_hash}" in note


def test_other_directions_in_the_very_cell_show_no_judgment(run):
    judged = draw_judged()
    cells = tuple(JudgedCell(one.cell, "0" * 64) for one in judged.cells)
    assert methods(replace(judged, cells=cells).about(rows_of(run))) == set()


def test_a_study_that_does_not_say_what_it_showed_is_joined_to_nothing(run):
    judged = replace(draw_judged(), cells=()).about(rows_of(run))
    assert methods(judged) == set()
    assert all("directions of an unknown run" in note for note in judged.elsewhere)


def test_two_rows_of_one_name_cannot_both_have_the_judgments(run):
    (run / "run.json").unlink()
    write_cell(run, "planted", "discovered", 0, method_settings={"start": "random"})
    assert methods(draw_judged().about(rows_of(run))) == {"random"}


def test_pictures_of_another_seed_say_so(run):
    for path in run.glob("cells/planted/discovered/0-*/result.json"):
        path.unlink()
    judged = draw_judged()
    one, *_ = (cell for cell in read_cells(run) if cell.result.cell.method == "discovered")
    files = one.result.files["directions.safetensors"]
    cells = (JudgedCell(one.result.cell, files), *judged.cells)
    late = write_cell(run, "planted", "discovered", 0)  # comes after the study
    assert late.seed < one.result.cell.seed
    shown = replace(judged, cells=tuple(c for c in cells if c.cell != late)).about(rows_of(run))
    assert methods(shown) == {"discovered", "random"}
    assert shown.elsewhere == (
        "The judgments of discovered on planted are of seed 1; pictures show seed 0, whose "
        "directions nobody judged.",
    )


def test_a_slim_copy_keeps_the_judgments_of_directions_that_it_leaves_out(
    run, tmp_path, monkeypatch
):
    late = next(r for r in rows_of(run) if r.method == "discovered").done[1]
    one = JudgedCell(late.result.cell, late.result.files["directions.safetensors"])
    monkeypatch.setattr(slimming, "LARGE", 0)
    slimming.slim(run, tmp_path / "slim")
    rows = rows_of(tmp_path / "slim")
    (copy,) = [c for r in rows for c in r.done if c.result.cell == one.cell]
    assert "directions.safetensors" in copy.result.left_out
    assert methods(replace(draw_judged(), cells=(one,)).about(rows)) == {"discovered"}


def test_cells_are_what_the_study_stored():
    origin = {"generator": "g", "method": "m", "seed": 3, "config_hash": "c", "rca": []}
    (one,) = judged_cells([{**origin, "directions_sha256": "d"}])
    assert (one.cell, one.directions_sha256) == (Cell("g", "m", 3, "c"), "d")


def test_the_note_stands_in_the_report(run, monkeypatch):
    new = write_cell(run, "planted", "discovered", 0, method_settings={"start": "random"})
    description = json.loads((run / "run.json").read_text())
    description["headline"]["planted"]["discovered"] = new.config_hash
    write_json(run / "run.json", description)
    monkeypatch.setattr(
        "benchmark.study.for_report.read_judged", lambda *_: draw_judged(simulated=False)
    )
    done = CliRunner().invoke(main, ["report", str(run), "--study", "any"])
    assert done.exit_code == 0, done.output
    for name in ("comparison.md", "report.html"):
        words = "The judgments of discovered on planted are of other directions"
        assert words in (run / name).read_text("utf-8")
