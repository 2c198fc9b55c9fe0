"""What a generator, or the terms, cannot serve is skipped with its reason; a wrong name is not."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from baselines import METHODS
from benchmark.cli.main import main
from benchmark.cli.shared import say_skipped
from benchmark.core.errors import BenchError, Unserved
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.metrics import METRICS
from benchmark.runs import runner
from benchmark.runs.grid import Job, plan
from benchmark.runs.lockstep import store_failure
from benchmark.runs.results import read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from tests.runs.test_failures import GENERATORS

SETTINGS = ("steps=4", "batch=4", "evaluation=40", "k=3")
REASON = "Sound does not say what its first layer is"


@pytest.fixture
def sound(tmp_path: Path) -> str:
    """A generator that shows nothing of its inside."""
    (tmp_path / "own.py").write_text(GENERATORS)
    return f"{tmp_path / 'own.py'}:Sound"


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def run(out: Path, *named: object, settings: tuple[str, ...] = SETTINGS) -> Result:
    parts = (part for setting in settings for part in ("--set", setting))
    return bench("run", *named, *parts, "--jobs", 1, "--out", out)


def states(out: Path) -> dict[str, str]:
    return {cell.result.cell.method: cell.result.status for cell in read_cells(out)}


def test_a_method_that_cannot_be_served_is_skipped_and_the_tables_say_why(
    sound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    named = ("-g", sound, "-m", "discovered", "-m", "sefa", "-m", "random")
    result = run(out, *named)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith(f"skipped is own-Sound, sefa: {REASON}")  # before all else
    assert states(out) == {"discovered": "done", "sefa": "skipped", "random": "done"}
    table = pd.read_csv(out / "rca.csv").set_index("method")
    assert table.loc["sefa", "status"].startswith(f"skipped: {REASON}")
    assert table.loc["sefa", ["rca_fresh", "max_cosine"]].isna().all()
    assert table["rca_fresh"].notna().sum() == 2
    assert REASON in (out / "rca.md").read_text()
    seeds = pd.read_csv(out / "seeds.csv").set_index("method")
    assert seeds.loc["sefa", "status"].startswith("skipped: ")
    assert set(pd.read_csv(out / "comparison.csv")["baseline"]) == {"random"}
    page = (out / "report.html").read_text("utf-8")
    assert REASON in page
    assert "of the cells failed" not in page
    assert "Nothing failed" in page
    assert "2 done, 0 failed, 1 skipped" in page
    built = bench("study", "build", out, "-g", sound, "--per-method", 2, "--out", tmp_path / "s")
    assert built.exit_code == 0, built.output

    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    monkeypatch.setattr(runner, "compute", pytest.fail)
    again = run(out, *named)  # computes nothing, and says the same
    assert again.exit_code == 0, again.output
    assert "own-Sound        sefa         seed 0  skipped: " in again.stdout
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_reason_is_said_once_for_all_seeds(
    sound: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = replace(RunConfig.from_preset("quick").with_settings(SETTINGS), seeds=(0, 1, 2))
    say_skipped(plan(config, [sound], ["sefa", "random"], METHODS))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"skipped is own-Sound, sefa: {REASON}")


def test_where_nothing_can_be_served_it_is_an_error_before_any_work(
    sound: str, tmp_path: Path
) -> None:
    for named in (
        ("run", "-m", "sefa", "-m", "ganspace", "--set", "k=3"),
        ("ablate", "k", "-m", "sefa", "--values", "2,4"),
    ):
        result = bench(*named, "-g", sound, "--out", tmp_path / "run")
        assert result.exit_code == 2
        assert result.output.startswith("error: no cell can be computed: ")
        assert REASON in result.output
        assert len(result.output.splitlines()) == 1
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ganspace.layer=factor", "layer of Planted 'factor'; did you mean factors"),
        ("ganspace.samples=0", "ganspace.samples must be at least 1, not 0"),
        ("sefa.normalize=false", "unknown setting of sefa 'normalize'; did you mean normalise"),
        ("discovered.space=units", "unknown space 'units'"),
        ("discovered.lr=-1", "discovered.lr must be above 0"),
    ],
)
def test_a_wrong_name_or_value_stops_the_run_though_others_could_go_on(
    tmp_path: Path, setting: str, message: str
) -> None:
    result = run(tmp_path / "run", "-g", "planted", "-m", "all", settings=(*SETTINGS, setting))
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "run").exists()


def test_more_directions_than_dimensions_skip_what_is_orthonormal() -> None:
    config = RunConfig.from_preset("quick").with_settings(["k=17", "planted.discovered.space=unit"])
    (group,) = plan(config, ["planted"], ["discovered", "random", "coordinate", "sefa"], METHODS)
    assert [job.cell.method for job in group.jobs] == ["discovered"]
    assert [job.cell.method for job in group.skipped] == ["random", "coordinate", "sefa"]
    for job in group.skipped:
        assert "17 orthonormal directions do not fit 16 latent dimensions" in job.unserved


def test_without_a_gradient_what_learns_is_skipped_before_any_work(sound: str) -> None:
    blind = sound.replace("Sound", "WithoutGradient")
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    (group,) = plan(config, [blind], ["discovered", "random"], METHODS)
    assert [job.cell.method for job in group.jobs] == ["random"]
    (job,) = group.skipped
    assert job.unserved.startswith("no gradient reaches the latents")
    with pytest.raises(BenchError, match="no cell can be computed: no gradient reaches"):
        plan(config, [blind], ["discovered"], METHODS)


def test_a_generator_with_a_fault_fails_and_is_not_skipped(sound: str) -> None:
    constant = sound.replace("Sound", "Constant")
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    (group,) = plan(config, [constant], ["discovered", "random"], METHODS)
    assert not group.skipped


@dataclass(frozen=True)
class Late(Method):
    """Looks at the first layer only when it fits, as a method of a user's own may."""

    def fit(self, task: Assignment) -> Fitted:
        raise Unserved("there is nothing to look at")


def test_what_turns_out_during_a_fit_is_skipped_too(tmp_path: Path) -> None:
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    groups = plan(config, ["planted"], ["late", "random"], {**METHODS, "late": Late})
    results = {r.cell.method: r for r in execute(groups, tmp_path, "cpu", False, METRICS, {})}
    assert results["late"].status == "skipped"
    assert results["late"].reason == "there is nothing to look at"
    assert results["random"].status == "done"


def test_a_cell_that_is_done_is_never_skipped_afterwards(tmp_path: Path) -> None:
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    (group,) = plan(config, ["planted"], ["random"], METHODS)
    (done,) = execute([group], tmp_path, "cpu", False, METRICS, {})
    (job,) = group.jobs
    group.jobs.clear()
    group.skipped.append(Job(job.cell, job.method, job.config, job.headline, "not today"))
    (again,) = execute([group], tmp_path, "cpu", False, METRICS, {})
    assert (again.status, again.metrics) == ("done", done.metrics)
    store_failure(job, tmp_path, "cpu", "not today", "skipped")
    (result,) = execute(
        plan(config, ["planted"], ["random"], METHODS), tmp_path, "cpu", False, METRICS, {}
    )
    assert result.status == "done"  # what was skipped is computed once it can be
