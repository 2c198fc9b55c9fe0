"""Ablations share their cells with ordinary runs, and say what cannot run."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from baselines import METHODS
from baselines.random import Random
from benchmark.cli.ablate import _usual_methods
from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.runs import ablation as module
from benchmark.runs import runner
from benchmark.runs.ablation import Ablation, note, plan_ablation, read_note
from benchmark.runs.results import read_run
from benchmark.runs.settings import RunConfig
from tests.generators import small_mapped

MAPPED = f"{small_mapped.__file__}:make"  # of 6 dimensions, and of 5 in w
TINY = ("--set", "steps=4", "--set", "batch=4", "--set", "evaluation=60")


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def planned(
    axis: str,
    *settings: str,
    methods: tuple[str, ...] = ("discovered",),
    generator: str = "planted",
) -> Ablation:
    config = RunConfig.from_preset("quick").with_settings(settings)
    return plan_ablation(axis, config, generator, methods, METHODS)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the hash of each cell that is computed, not only read."""
    hashes: list[str] = []
    original = runner.GroupRun.results

    def counted(self, jobs):  # type: ignore[no-untyped-def]
        hashes.extend(job.cell.config_hash for job in jobs)
        return original(self, jobs)

    monkeypatch.setattr(runner.GroupRun, "results", counted)
    return hashes


def test_the_usual_methods_follow_from_their_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _usual_methods("k") == ("discovered", "coordinate")
    assert _usual_methods("lambda") == ("discovered",)

    class Closed(Random):
        role = "method"

    monkeypatch.setattr("baselines.METHODS", {**METHODS, "closed": Closed})
    assert _usual_methods("k") == ("discovered", "closed", "coordinate")
    assert _usual_methods("lambda") == ("discovered",)  # what does not learn has no lambda


def test_k_goes_in_powers_of_two_to_twice_the_dimensions() -> None:
    points = planned("k", "planted.discovered.space=unit").points
    assert [point["k"] for point in points] == [8, 16, 32]
    assert len({point["config_hash"] for point in points}) == 3


def test_what_cannot_run_keeps_its_reason() -> None:
    ablation = planned("k", methods=("discovered", "coordinate"))  # orthonormal by the preset
    reasons = {(p["method"], p["k"]): p["reason"] for p in ablation.points if "reason" in p}
    assert set(reasons) == {("discovered", 32), ("coordinate", 32)}
    assert "32 orthonormal directions do not fit 16" in reasons["coordinate", 32]
    alone = planned("k", "planted.discovered.space=unit", methods=("discovered", "coordinate"))
    assert [p["method"] for p in alone.points if p.get("k") == 32] == ["discovered", "coordinate"]
    (group,) = [g for g in alone.groups if g.protocol.k == 32]
    assert [job.cell.method for job in group.jobs] == ["discovered"]


def test_options_of_the_settings_count_as_those_of_the_reference_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "KS", (5, 6, 10, 12))
    for given, there, last in (("space=w", "", 10), ("space=z", "?space=w", 12)):
        methods, setting = ("discovered", "coordinate"), f"small_mapped-make.{given}"
        by_setting = planned("k", setting, methods=methods, generator=MAPPED + there)
        in_reference = planned("k", methods=methods, generator=f"{MAPPED}?{given}")
        assert by_setting.points == in_reference.points
        assert max(p["k"] for p in by_setting.points if p["k"] != 64) == last  # 64 is ordinary


def test_what_the_space_of_the_settings_cannot_hold_is_in_the_table(tmp_path: Path) -> None:
    named = ("-g", MAPPED, "--set", "small_mapped-make.space=w", "-m", "coordinate")
    terms = ("--values", "3,6", "--jobs", 1, "--out", tmp_path)
    done = bench("ablate", "k", *named, *TINY, *terms)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "ablation_k.csv").set_index("k")
    assert table.loc[3, "status"] == "done"
    assert "6 orthonormal directions do not fit 5 latent dimensions" in table.loc[6, "status"]


def test_lambda_goes_over_both_losses_and_is_zero_once() -> None:
    points = [(p["lambda"], p["shift_loss"]) for p in planned("lambda").points]
    assert len(points) == len(set(points)) == 9
    assert [loss for weight, loss in points if weight == 0] == ["mse"]
    for loss in ("mse", "mae"):
        assert {weight for weight, own in points if own == loss} >= {0.25, 1.0, 4.0, 10.0}


def test_only_the_ordinary_setting_is_of_the_main_table() -> None:
    for axis in ("k", "lambda"):
        marked = [j for g in planned(axis).groups for j in g.jobs if j.headline]
        (ordinary,) = marked
        assert ordinary.config["protocol"]["k"] == 8
        assert ordinary.config["protocol"]["lambda"] == 0.25


@pytest.mark.parametrize(
    ("axis", "setting"), [("k", "k=4"), ("k", "planted.k=4"), ("lambda", "shift_loss=mae")]
)
def test_what_is_varied_cannot_be_set(axis: str, setting: str) -> None:
    with pytest.raises(BenchError, match=r"fixes what is varied here; leave it out"):
        planned(axis, setting)


def test_an_ordinary_run_keeps_its_description(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"command": "mine", "headline": {"a": {}}}))
    ablation = planned("k")
    note(ablation, tmp_path, "bench ablate k")
    description = read_run(tmp_path)
    assert description["command"] == "mine"
    assert description["headline"] == {"a": {}}
    assert description["generators"] == {"planted": "planted"}
    assert read_note(tmp_path, "k")["planted"]["points"] == ablation.points
    (tmp_path / "ablation_k.json").write_text("{")
    with pytest.raises(BenchError, match="delete it, and `bench ablate k` writes it again"):
        read_note(tmp_path, "k")
    (tmp_path / "ablation_steps.json").write_text("{")
    with pytest.raises(BenchError, match="delete it, and `bench converge` writes it again") as told:
        read_note(tmp_path, "steps")
    assert str(told.value).count("ablation_steps.json") == 1


def test_cells_are_shared_with_an_ordinary_run(tmp_path: Path, computed: list[str]) -> None:
    run = bench("run", "-g", "planted", *TINY, "--out", tmp_path, "-m", "discovered")
    assert run.exit_code == 0, run.output
    ordinary = list(computed)
    assert len(ordinary) == 1
    ablated = bench("ablate", "k", "-g", "planted", *TINY, "--values", "4,8", "--out", tmp_path)
    assert ablated.exit_code == 0, ablated.output
    assert len(computed) == 1 + 3  # discovered at 4, coordinate at 4 and 8
    for axis in (["k", "--values", "4,8"], ["lambda", "--values", "0.25", "-m", "discovered"]):
        again = bench("ablate", *axis[:1], "-g", "planted", *TINY, *axis[1:], "--out", tmp_path)
        assert again.exit_code == 0, again.output
    assert len(computed) == 4 + 1  # the weight that is usual is there, of mae it is new
    assert read_run(tmp_path)["headline"]["planted"]["discovered"] == ordinary[0]
    for name in ("ablation_k", "ablation_lambda"):
        for kind in ("json", "csv", "md", "tex"):
            assert (tmp_path / f"{name}.{kind}").exists()
        assert (tmp_path / "figures" / f"{name}.svg").exists()
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "Ablation over K" in html
    assert "Ablation over lambda" in html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["k", "-g", "planted", "--values", "8.5"], "whole numbers"),
        (["k", "-g", "planted", "--values", "8,nan"], "whole numbers"),
        (["k", "-g", "planted", "--values", "8,1e400"], "whole numbers"),
        (["k", "-g", "planted", "--values", "many"], "--values wants numbers"),
        (["k", "-g", "planted", "--values", "0"], "k must be at least 1"),
        (["lambda", "-g", "planted", "--values", "-1"], "lambda must be 0 or more"),
        (["lambda", "-g", "plantd"], "did you mean planted"),
        (["k", "-g", "planted", "-m", "randm"], "did you mean random"),
        (["k", "-g", "planted", "--set", "stepz=1"], "did you mean steps"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = bench("ablate", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())
