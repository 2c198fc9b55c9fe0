"""A copy of a run for publishing: smaller by large files of further seeds, and still whole."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from benchmark.report.tables.agreeing_seeds import agreement_table
from benchmark.runs import slimming
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, read_run
from benchmark.runs.slimming import slim
from tests.report.drawn import write_cell

from .test_merging import a_run

CELLS = [("planted", method, seed) for method in ("random", "discovered") for seed in (3, 0, 1)]


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two methods of three seeds, whose answers are larger than is kept of further seeds."""
    folder = a_run(tmp_path / "run", CELLS)
    least = min(p.stat().st_size for p in folder.rglob("directions.safetensors"))
    monkeypatch.setattr(slimming, "LARGE", least - 1)
    (folder / ".lease.json").write_text("{}")
    (folder / "cells/planted/random/fit.pt").write_bytes(b"a checkpoint")
    (folder / "cells/planted/random/.x.1@here.part").write_bytes(b"half of a file")
    (folder / "report.html").write_text("the page")
    (folder / "mine").mkdir()
    (folder / "mine" / "G.pt").write_bytes(b"weights of the user's own")
    (tmp_path / "secret").write_text("of another place")
    (folder / "notes").symlink_to(tmp_path / "secret")
    (folder / "around").symlink_to(folder)
    return folder


def test_only_large_files_of_further_seeds_and_what_is_unfinished_are_left_out(
    run: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    left = slim(run, tmp_path / "slim")
    assert {path: path.read_bytes() for path in before} == before  # the run itself stays
    assert left
    assert all(path.parent.name.startswith(("1-", "3-")) for path in left)  # not of the lowest
    assert all(size == path.stat().st_size for path, size in left.items())
    wanted = {path.relative_to(run) for path in before} - {path.relative_to(run) for path in left}
    wanted = {p for p in wanted if p.name not in ("fit.pt", ".x.1@here.part", ".lease.json")}
    copied = {p.relative_to(tmp_path / "slim") for p in (tmp_path / "slim").rglob("*")}
    copied = {path for path in copied if (tmp_path / "slim" / path).is_file()}
    assert copied == {path for path in wanted if path.parts[0] not in ("notes", "around")}


def test_a_run_called_as_an_unfinished_copy_might_be_stays(run: Path, tmp_path: Path) -> None:
    run.rename(tmp_path / "try.part")
    slim(tmp_path / "try.part", tmp_path / "try")
    assert read_cells(tmp_path / "try.part")
    assert {p.name for p in tmp_path.iterdir()} == {"try.part", "try", "secret"}


def test_what_a_killed_command_left_goes_and_folders_above_are_made(
    run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "slim"
    (out.with_name(".slim.part") / "cells").mkdir(parents=True)
    slim(run, out)
    assert [path.name for path in out.parent.iterdir()] == ["slim"]
    run.rename(tmp_path / ".slim.part")
    with pytest.raises(BenchError, match="is called as an unfinished copy"):
        slim(tmp_path / ".slim.part", tmp_path / "slim")
    assert read_cells(tmp_path / ".slim.part")


def test_answers_stay_however_many_they_are(run: Path, tmp_path: Path) -> None:
    slim(run, tmp_path / "slim")  # the answers are larger than what is kept of directions
    assert all(c.has("predictions.parquet") for c in read_cells(tmp_path / "slim"))


def test_of_cells_beside_the_main_table_the_answers_go(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", CELLS)
    other = write_cell(run, "planted", "discovered", 0, steps=77)  # as an ablation has it
    slim(run, tmp_path / "slim")
    thin = {c.result.cell: c for c in read_cells(tmp_path / "slim")}
    assert {cell for cell, stored in thin.items() if stored.table("predictions") is None} == {other}
    whole = next(c for c in read_cells(run) if c.result.cell == other)
    assert thin[other].result.metrics == whole.result.metrics
    assert thin[other].result.left_out == {
        name: digest
        for name, digest in whole.result.files.items()
        if name.startswith(("predictions", "evolution"))
    }
    with pytest.raises(BenchError, match="the answers of seed 0 were left out of this copy"):
        thin[other].answers()
    pd.testing.assert_frame_equal(whole.answers()[0], whole.table("predictions"))
    without_note = tmp_path / "run" / "run.json"
    without_note.unlink()  # then all configurations count
    slim(run, tmp_path / "all")
    assert all(c.has("predictions.parquet") for c in read_cells(tmp_path / "all"))


def test_the_stages_of_further_seeds_are_left_out_however_small(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", CELLS)
    other = write_cell(run, "planted", "discovered", 0, steps=77)  # not in the main table
    left = slim(run, tmp_path / "slim")
    (first,) = (c for c in read_cells(tmp_path / "slim") if c.has("evolution.safetensors"))
    assert first.result.cell.seed == 0
    assert first.result.cell != other
    stages = [path for path in left if path.name == "evolution.safetensors"]
    assert len(stages) == 3


def test_a_cell_names_what_was_left_out_with_its_hash_and_keeps_its_figures(
    run: Path, tmp_path: Path
) -> None:
    left = slim(run, tmp_path / "slim")
    thin = {c.result.cell: c for c in read_cells(tmp_path / "slim")}
    for stored in read_cells(run):  # all are there, and whole
        now = thin[stored.result.cell].result
        gone = {p.name: sha256(p) for p in left if p.parent == stored.folder}
        assert now.left_out == gone
        assert {**now.files, **gone} == stored.result.files
        assert now.metrics == stored.result.metrics
    seed = max(thin, key=lambda cell: cell.seed)
    assert thin[seed].result.left_out
    with pytest.raises(BenchError, match="the directions of seed 3 were left out of this copy"):
        thin[seed].directions()


def test_its_report_has_the_same_main_table_and_says_what_it_lacks(
    run: Path, tmp_path: Path
) -> None:
    slim(run, tmp_path / "slim")
    tables = []
    for folder in (run, tmp_path / "slim"):
        done = bench("report", folder)
        assert done.exit_code == 0, done.output  # the explorer shows the seeds that there are
        tables.append(pd.read_csv(folder / "rca.csv"))
    pd.testing.assert_frame_equal(*tables)
    rows = headline(read_cells(tmp_path / "slim"), read_run(tmp_path / "slim")["headline"])
    assert agreement_table(rows, {}) is None  # of all rows further seeds lack their directions
    slim(tmp_path / "slim", tmp_path / "again")  # nothing more to leave out, nothing forgotten
    again = {c.result.cell: c.result for c in read_cells(tmp_path / "again")}
    assert again == {c.result.cell: c.result for c in read_cells(tmp_path / "slim")}


def test_the_command_says_what_it_left_out(run: Path, tmp_path: Path) -> None:
    done = bench("slim", run, tmp_path / "slim")
    assert done.exit_code == 0, done.output
    assert f"left out: {len(slim(run, tmp_path / 'other'))} files of cells, " in done.output
    assert done.output.splitlines()[-1].startswith(f"{tmp_path / 'slim'}: ")


def test_what_cannot_be_copied_is_said_in_a_line(run: Path, tmp_path: Path) -> None:
    write_cell(tmp_path / "other", "planted", "random", 0)
    for out, message in ((tmp_path / "other", "exists"), (run / "slim", "lies in the run")):
        done = bench("slim", run, out)
        assert done.exit_code == 2
        assert message in done.output
    assert bench("slim", tmp_path / "none", tmp_path / "new").exit_code == 2
    assert not (tmp_path / "new").exists()
