"""The grid end to end on a tiny scale: resume, failure, damage, and independence of company."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from baselines import METHODS, USUAL
from benchmark.core.json_files import sealed, write_json
from benchmark.directions.artefact import Directions
from benchmark.directions.matrices import UnitLinear
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Latents
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Evidence, Metric
from benchmark.rca.correctness import summarise
from benchmark.rca.training import Learner
from benchmark.report.making import write_report
from benchmark.runs.grid import plan, record
from benchmark.runs.results import Result, read_cell, read_cells, read_run
from benchmark.runs.runner import execute, in_order
from benchmark.runs.settings import RunConfig
from benchmark.tables.table import Column

SETTINGS = ("steps=6", "batch=4", "evaluation=300", "planted.k=5")


def run(
    out: Path,
    *settings: str,
    methods: tuple[str, ...] = USUAL,
    force: bool = False,
    seeds: tuple[int, ...] = (0,),
    metrics: Mapping[str, Metric] = METRICS,
) -> list[Result]:
    config = replace(RunConfig.from_preset("quick"), seeds=seeds)
    config = config.with_settings([*SETTINGS, *settings])
    groups = plan(config, ["planted"], methods, METHODS)
    record(config, groups, out, "test")
    return list(execute(groups, out, "cpu", force, metrics, {}))


def stored_bytes(out: Path) -> dict[str, bytes]:
    """Every artefact of a run but the clock readings in result.json."""
    files = sorted(out.glob("cells/**/*"))
    return {
        str(f.relative_to(out)): f.read_bytes()
        for f in files
        if f.is_file() and f.suffix != ".json"
    }


def test_a_run_leaves_everything_a_reader_needs(tmp_path: Path) -> None:
    results = run(tmp_path)
    assert [r.status for r in results] == ["done"] * 3
    for cell in read_cells(tmp_path):
        figures, directions = cell.result.metrics, cell.directions()
        assert directions.shift.tangents(Latents(torch.zeros(1, 16))).shape == (16, 5)
        assert directions.provenance["method"] == cell.result.cell.method
        assert len(directions.provenance["generator_hash"]) == 64
        predictions = cell.table("predictions")
        assert predictions is not None
        assert figures["rca_fresh"] == summarise(predictions).rca
        assert figures["n"] == len(predictions) == 300
        assert figures["chance"] == 0.2
        assert figures["collapse"] == pytest.approx(np.mean(figures["by_direction"]["collapse"]))
        assert len(figures["by_direction"]["collapse"]) == 5
        assert set(cell.result.seconds) == {"fit", "fresh", "evaluation"}
        joint = cell.table("predictions_joint")
        assert (joint is not None) == (cell.result.cell.method == "discovered")
        if joint is None:
            assert figures["rca_joint"] == figures["rca_fresh"]
        else:
            assert figures["rca_joint"] == summarise(joint).rca
        assert not list(cell.folder.glob("*.pt"))  # checkpoints go when they have served
    assert read_run(tmp_path)["headline"]["planted"].keys() == set(USUAL)


def test_methods_are_asked_the_same_and_do_not_disturb_each_other(tmp_path: Path) -> None:
    run(tmp_path / "together")
    for method in USUAL:
        run(tmp_path / "apart", methods=(method,))
    assert stored_bytes(tmp_path / "together") == stored_bytes(tmp_path / "apart")
    cells = read_cells(tmp_path / "together")
    asked = [cell.table("predictions")[["k", "eps"]] for cell in cells]  # type: ignore[index]
    assert asked[0].equals(asked[1])
    assert asked[0].equals(asked[2])


def test_what_is_done_is_not_done_again_unless_forced(tmp_path: Path) -> None:
    run(tmp_path)
    times = {p: p.stat().st_mtime_ns for p in tmp_path.glob("cells/**/*.safetensors")}
    run(tmp_path)
    assert times == {p: p.stat().st_mtime_ns for p in times}
    before = stored_bytes(tmp_path)
    run(tmp_path, force=True)
    assert all(p.stat().st_mtime_ns > t for p, t in times.items())
    assert stored_bytes(tmp_path) == before


def test_a_changed_setting_is_another_cell_only_where_it_matters(tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, "discovered.lr=0.05")
    per_method = {m: len(list((tmp_path / "cells/planted" / m).iterdir())) for m in USUAL}
    assert per_method == {"discovered": 2, "random": 1, "coordinate": 1}
    run(tmp_path, "max_shift=3", seeds=(1,))
    assert len(read_cells(tmp_path)) == 7


def test_seeds_are_replicates(tmp_path: Path) -> None:
    results = run(tmp_path, seeds=(0, 1), methods=("random",))
    assert len(results) == 2
    one, two = (cell.directions().shift.matrix() for cell in read_cells(tmp_path))
    assert not torch.allclose(one, two)


@pytest.mark.parametrize("name", ["result.json", "predictions.parquet", "directions.safetensors"])
def test_a_file_cut_short_is_computed_again_with_a_warning(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, methods=("random",))
    path = next(tmp_path.glob(f"cells/**/{name}"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert read_cell(path.parent) is None
    assert name in caplog.text
    assert [r.status for r in run(tmp_path, methods=("random",))] == ["done"]
    if name != "result.json":  # which holds clock readings
        assert path.read_bytes() == whole


def test_a_done_cell_without_figures_does_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, methods=("random",))
    path = next(tmp_path.glob("cells/**/result.json"))
    write_json(path, sealed({**json.loads(path.read_text()), "metrics": {}}))
    assert read_cell(path.parent) is None
    assert "a done cell without its RCA" in caplog.text


@dataclass(frozen=True)
class Failing(Method):
    """A method that always fails."""

    def fit(self, task: Assignment) -> Fitted:
        raise RuntimeError("no directions today")


@dataclass(frozen=True)
class TooLong(Method):
    """Directions that are far too long."""

    def fit(self, task: Assignment) -> Fitted:
        matrix = torch.ones(task.generator.latent_dim, task.protocol.k)
        return Fitted(FrozenLinear(4.0 * matrix))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Failing, "RuntimeError: no directions today"),
        (TooLong, "direction 0 moves by 16 times the eps"),
    ],
)
def test_a_failing_cell_is_recorded_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Method], reason: str
) -> None:
    monkeypatch.setattr(f"{__name__}.METHODS", {**METHODS, "bad": kind})
    results = {r.cell.method: r for r in run(tmp_path, methods=("bad", "random"))}
    assert results["random"].status == "done"
    assert results["bad"].status == "failed"
    assert results["bad"].reason.startswith(reason)
    stored = json.loads(next(tmp_path.glob("cells/planted/bad/*/result.json")).read_text())
    assert stored["reason"] == results["bad"].reason
    again = {r.cell.method: r for r in run(tmp_path, methods=("bad",))}
    assert again["bad"].status == "failed"  # tried again, not skipped


def test_a_method_of_ones_own_takes_one_class_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True)
    class One(Method):
        """A method that gives one axis K times over."""

        axis: int = 0

        def fit(self, task: Assignment) -> Fitted:
            matrix = torch.zeros(task.generator.latent_dim, task.protocol.k)
            matrix[self.axis] = 1.0
            return Fitted(FrozenLinear(matrix))

    monkeypatch.setattr(f"{__name__}.METHODS", {**METHODS, "one": One})
    (result,) = run(tmp_path, "one.axis=2", methods=("one",))
    assert result.config["method"] == {"axis": 2}
    assert result.role == "method"
    assert result.metrics["max_cosine"] == pytest.approx(1.0)
    loaded = Directions.load(next(tmp_path.glob("cells/**/directions.safetensors")))
    origin = Latents(torch.zeros(1, 16))
    assert loaded.move(origin, 4, 2.0).point[0, 2] == 2.0


def test_variants_share_cells_and_only_the_first_is_the_headline(tmp_path: Path) -> None:
    config = replace(
        RunConfig.from_preset("quick").with_settings(SETTINGS),
        variants=({}, {"discovered.lr": 0.05}, {"lambda": 1.0}),
    )
    groups = plan(config, ["planted"], ["discovered", "random"], METHODS)
    record(config, groups, tmp_path, "test")
    results = list(execute(groups, tmp_path, "cpu", False, METRICS, {}))
    assert len(results) == 5  # lr of A is nothing to `random`
    headline = read_run(tmp_path)["headline"]["planted"]
    first = next(r for r in results if r.cell.method == "discovered")
    assert headline["discovered"] == first.cell.config_hash


class Longest(Metric):
    """The longest entry of any direction, times a factor."""

    columns: ClassVar[Mapping[str, Column]] = {"longest": Column("The longest entry.")}
    times = 1.0

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        matrix = cell.shift.tangents(cell.sample(2, "longest"))  # (d, K)
        return {"longest": self.times * float(matrix.abs().max())}


def test_a_metric_that_came_later_or_changed_judges_what_is_done(tmp_path: Path) -> None:
    run(tmp_path, methods=("coordinate",))
    before = stored_bytes(tmp_path)
    metric = Longest()
    for code, times in (("a" * 64, 1.0), ("a" * 64, 3.0), ("b" * 64, 3.0)):
        metric.code, metric.times = code, times
        (result,) = run(tmp_path, methods=("coordinate",), metrics={**METRICS, "mine": metric})
        assert result.metrics["longest"] == (3.0 if code == "b" * 64 else 1.0)
        assert list(result.measured) == [*METRICS, f"mine {code[:10]}"]
        (cell,) = read_cells(tmp_path)
        assert cell.result.metrics == result.metrics
    assert stored_bytes(tmp_path) == before  # nothing was trained
    (result,) = run(tmp_path, methods=("coordinate",))
    assert result.metrics["longest"] == 3.0  # what is stored stays


CONSTANT = """
import torch
from benchmark.generators.base import Generator

class Constant(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    def forward(self, latents):
        return 0.0 * latents.point[:, :1, None, None].expand(-1, 1, 32, 32)
"""


def test_a_constant_generator_leaves_valid_json_and_a_report_that_says_why(tmp_path):
    (tmp_path / "flat.py").write_text(CONSTANT)
    reference = f"{tmp_path / 'flat.py'}:Constant"
    small = ["steps=2", "batch=4", "evaluation=40", "k=2"]
    config = RunConfig.from_preset("quick").with_settings(small)
    groups = plan(config, [reference], ["random"], METHODS, run=tmp_path)
    record(config, groups, tmp_path, "test")
    (result,) = execute(groups, tmp_path, "cpu", False, METRICS, {})
    for path in tmp_path.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)  # NaN is no JSON
    write_report(tmp_path)
    page = (tmp_path / "rca.md").read_text()
    if result.status == "done":
        assert result.metrics["collapse"] is None
        assert "`collapse` is empty for random on flat-Constant: it was measured there" in page
        assert "nan" not in page.lower()
    else:
        assert result.reason
        assert result.reason.partition(":")[0] in page


class Moody(Longest):
    """A metric that fails for methods that learn, with an error of two lines."""

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        if cell.joint_predictions is not None:
            raise ValueError("not\ntoday")
        return super().of_cell(cell, table)


WHY = "the metric moody failed: ValueError: not today"


def test_a_metric_that_fails_fails_that_cell_alone(tmp_path: Path) -> None:
    results = {r.cell.method: r for r in run(tmp_path, metrics={**METRICS, "moody": Moody()})}
    assert [m for m, r in results.items() if r.status == "failed"] == ["discovered"]
    assert results["discovered"].reason == WHY
    assert results["random"].metrics["longest"] > 0


def test_a_metric_that_fails_on_a_done_cell_leaves_it_as_it_was(tmp_path: Path) -> None:
    run(tmp_path)
    stored = next(tmp_path.glob("cells/planted/discovered/*/result.json"))
    before = stored.read_bytes()
    results = {r.cell.method: r for r in run(tmp_path, metrics={**METRICS, "moody": Moody()})}
    assert results["discovered"].status == "failed"
    assert results["discovered"].reason == WHY
    assert results["random"].metrics["longest"] > 0
    assert stored.read_bytes() == before


class Stuck(UnitLinear):
    """A shift that can be frozen for the three snapshots of its training, and never again."""

    left = 3

    def frozen(self) -> FrozenLinear:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("stuck")
        return super().frozen()


@dataclass(frozen=True)
class Sticking(Discovered):
    """The method of the paper with that shift."""

    def learner(self, task: Assignment) -> Learner:
        shape, terms = task.generator.image_shape, task.protocol
        start = torch.eye(task.generator.latent_dim, terms.k)
        return Learner("stuck", Stuck(start), shape, terms, task.r_seed, task.device, lr_shift=0.1)


def test_a_shift_that_cannot_be_frozen_fails_its_cell_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.METHODS", {**METHODS, "stuck": Sticking})
    results = {r.cell.method: r for r in run(tmp_path, methods=("discovered", "stuck"))}
    assert results["stuck"].reason.startswith("RuntimeError: stuck (test_runner.py line ")
    assert results["discovered"].status == "done"


def test_the_cheapest_unit_comes_first_and_then_the_longest() -> None:
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    groups = plan(replace(config, seeds=(0, 1, 2, 3)), ["planted"], ("random",), METHODS)
    seconds = dict(zip((0, 1, 2, 3), (5.0, 1.0, 9.0, 7.0), strict=True))
    expected = {job.cell: seconds[job.cell.seed] for group in groups for job in group.jobs}
    assert [group.seed for group in in_order(groups, expected)] == [1, 2, 3, 0]
    assert in_order([], expected) == []
