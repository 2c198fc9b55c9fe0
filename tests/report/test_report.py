"""The report as a whole: complete, repeatable, and calm about what is missing."""

import hashlib
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.json_files import write_json
from benchmark.report.making import write_report
from tests.report.drawn import write_cell

TABLES = {
    "rca.csv",
    "rca.md",
    "rca.tex",
    "seeds.csv",
    "directions.csv",
    "report.html",
}
COMPARISON = {"comparison.csv", "comparison.md", "comparison.tex"}
SEEDS = {"seed_agreement.csv", "seed_agreement.md", "seed_agreement.tex"}


def digests(run):
    files = (p for p in run.rglob("*") if p.is_file() and "cells" not in p.parts)
    return {str(p.relative_to(run)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_report_made_again_has_the_same_bytes(reported, tmp_path):
    again = tmp_path / "elsewhere"
    for part in ("cells", "run.json"):
        copy = shutil.copytree if (reported / part).is_dir() else shutil.copy
        again.mkdir(exist_ok=True)
        copy(reported / part, again / part)
    write_report(again)
    first, second = digests(reported), digests(again)
    assert first == second
    expected = TABLES | COMPARISON | SEEDS
    assert set(first) > expected
    assert len(first) == len(expected) + 1 + 12 + 3  # run.json, figures, pictures


def test_a_folder_without_a_run_is_said_so(tmp_path):
    with pytest.raises(BenchError, match="no run at"):
        write_report(tmp_path)


def test_a_run_without_an_ended_cell_in_its_main_table_is_said_so(tmp_path):
    (tmp_path / "cells").mkdir()
    with pytest.raises(BenchError, match="no cell of the main table has ended"):
        write_report(tmp_path)
    write_cell(tmp_path, "planted", "random", 0)
    write_json(tmp_path / "run.json", {"headline": {"planted": {"random": "another"}}})
    with pytest.raises(BenchError, match="no cell of the main table has ended"):
        write_report(tmp_path)


def test_damage_and_failure_cost_their_own_cells_only(tmp_path, caplog):
    for seed in (0, 1):
        write_cell(tmp_path, "gone", "random", seed)
    write_cell(tmp_path, "gone", "coordinate", 0, failure="ValueError: no")
    damaged = write_cell(tmp_path, "gone", "discovered", 0).folder(tmp_path) / "result.json"
    damaged.write_text(damaged.read_text()[:100])
    write_report(tmp_path)
    table = pd.read_csv(tmp_path / "rca.csv")
    assert list(table["method"]) == ["coordinate", "random"]
    assert list(table["status"]) == ["failed: ValueError: no", "done"]
    assert f"{damaged} is damaged" in caplog.text


def test_a_run_of_failures_has_tables(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, failure="ValueError: no")
    write_report(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"cells"} | TABLES


def test_what_cannot_be_written_is_named(run):
    (run / "rca.csv").mkdir()
    with pytest.raises(BenchError, match=r"cannot write .*rca\.csv"):
        write_report(run)


def test_the_command_says_who_is_under_test(run):
    write_cell(run, "planted", "mine", 0, role="method")
    (run / "run.json").unlink()  # which names the rows of the main table
    for arguments, methods in ([], {"discovered", "mine"}), (["--under-test", "mine"], {"mine"}):
        done = CliRunner().invoke(main, ["report", str(run), *arguments])
        assert done.exit_code == 0, done.output
        assert set(pd.read_csv(run / "comparison.csv")["method"]) == methods
    refused = CliRunner().invoke(main, ["report", str(run), "--under-test", "mien"])
    assert refused.exit_code == 2
    assert "did you mean mine" in refused.output


def test_cells_that_store_no_role_are_compared_by_those_handed_in_or_not_at_all(tmp_path):
    for method in ("discovered", "random"):
        write_cell(tmp_path, "planted", method, 0, role="")
    write_report(tmp_path)
    assert pd.read_csv(tmp_path / "comparison.csv").empty
    assert "name who is under test with --under-test" in (tmp_path / "comparison.md").read_text()
    write_report(tmp_path, roles={"discovered": "baseline", "random": "method"})
    assert list(pd.read_csv(tmp_path / "comparison.csv")["method"]) == ["random"]
    assert list(pd.read_csv(tmp_path / "rca.csv")["method"]) == ["random", "discovered"]
