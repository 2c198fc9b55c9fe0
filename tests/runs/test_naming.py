"""Methods keep their names over runs into one folder, and no two share one."""

import shutil
from pathlib import Path

import pytest

from benchmark.cli.choices import named_methods
from benchmark.core.errors import BenchError
from benchmark.runs.ablation import note, plan_ablation
from benchmark.runs.grid import plan, record
from benchmark.runs.replicates import headline
from benchmark.runs.results import Result, read_cells, read_run
from benchmark.runs.settings import RunConfig

METHOD = """
from dataclasses import dataclass
from baselines.random import Random

@dataclass(frozen=True)
class Twin(Random):
    power: float = {power}
"""


def own(folder: Path, power: float) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(METHOD.format(power=power))
    return f"{folder / 'mine.py'}:Twin"


def run_of(folder: Path, *given: str) -> list[str]:
    """What a run into the folder calls these; it leaves its description and cells behind."""
    named = named_methods(given, folder)
    config = RunConfig.from_preset("quick")
    groups = plan(config, ["planted"], named.chosen, named.table, named.code, folder)
    record(config, groups, folder, "bench run", named.references)
    for group in groups:
        for job in group.jobs:
            Result(job.cell, "failed", job.config, reason="not computed").write(folder)
    return list(named.chosen)


def test_two_methods_of_one_name_are_two_rows_across_runs_into_one_folder(tmp_path: Path) -> None:
    a, b = own(tmp_path / "a", 1.0), own(tmp_path / "b", 2.0)
    run = tmp_path / "run"
    assert run_of(run, "random", a) == ["random", "mine-Twin"]
    assert run_of(run, b) == ["mine-Twin-b"]
    assert run_of(run, b, a) == ["mine-Twin-b", "mine-Twin"]  # as they were called before
    description = read_run(run)
    assert description["methods"] == {"random": "random", "mine-Twin": a, "mine-Twin-b": b}
    rows = headline(read_cells(run), description["headline"])
    assert [row.method for row in rows] == ["mine-Twin", "mine-Twin-b", "random"]
    powers = {row.method: row.cells[0].result.config["method"].get("power") for row in rows}
    assert powers == {"mine-Twin": 1.0, "mine-Twin-b": 2.0, "random": None}


def test_a_file_that_is_edited_keeps_its_name_and_so_does_one_that_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    assert run_of(run, own(tmp_path / "a", 1.0)) == ["mine-Twin"]
    monkeypatch.chdir(tmp_path / "a")
    assert run_of(run, "mine.py:Twin") == ["mine-Twin"]
    assert read_run(run)["methods"] == {"mine-Twin": f"{tmp_path}/a/mine.py:Twin"}
    assert run_of(run, own(tmp_path / "a", 3.0)) == ["mine-Twin"]
    (tmp_path / "a").rename(tmp_path / "moved")
    assert run_of(run, f"{tmp_path}/moved/mine.py:Twin") == ["mine-Twin"]
    assert run_of(run, own(tmp_path / "b", 1.5)) == ["mine-Twin-b"]


def test_all_methods_by_default_keep_their_own_names(tmp_path: Path) -> None:
    assert run_of(tmp_path / "run") == list(named_methods(()).chosen)
    assert run_of(tmp_path / "run") == list(named_methods(()).chosen)


def test_an_ablation_notes_what_its_methods_are_called_too(tmp_path: Path) -> None:
    a, b, run = own(tmp_path / "a", 1.0), own(tmp_path / "b", 2.0), tmp_path / "run"
    for given, name in ((a, "mine-Twin"), (b, "mine-Twin-b")):
        named, config = named_methods([given], run), RunConfig.from_preset("quick")
        assert named.chosen == (name,)
        ablation = plan_ablation(
            "k", config, "planted", named.chosen, named.table, (8.0,), named.code, run
        )
        note(ablation, run, "bench ablate k", named.references)
    assert read_run(run)["methods"] == {"mine-Twin": a, "mine-Twin-b": b}


def test_a_name_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    own(tmp_path / "a", 1.0)
    shutil.copy(tmp_path / "a" / "mine.py", tmp_path / "my own.py")
    with pytest.raises(BenchError, match=r"my own\.py:Twin gives cannot be called 'my own-Twin'"):
        named_methods([f"{tmp_path}/my own.py:Twin"])
