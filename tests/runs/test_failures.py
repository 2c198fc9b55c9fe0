"""One bad thing never ends a run: it is its own cell's result, and the others go on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result

from baselines import METHODS
from benchmark.cli.main import main
from benchmark.directions.shift import FrozenLinear
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Evidence, Metric
from benchmark.runs.cost import costs
from benchmark.runs.grid import plan
from benchmark.runs.results import read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from benchmark.tables.table import Column

SETTINGS = ("steps=4", "batch=4", "evaluation=40", "k=3")

GENERATORS = """
import torch
from torch import nn
from benchmark.generators.base import Generator

class Sound(Generator):
    latent_dim, image_shape = 8, (1, 28, 28)
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layers = nn.Linear(8, 28 * 28), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))
        self.net = nn.Sequential(*layers)
    def forward(self, latents):
        return self.net(latents.point)

class Sixteen(Sound):
    image_shape = (1, 16, 16)
    def forward(self, latents):
        return super().forward(latents)[..., 6:22, 6:22]

class Fifteen(Sixteen):
    image_shape = (1, 15, 15)
    def forward(self, latents):
        return super().forward(latents)[..., :15, :15]

class Wide(Sound):
    image_shape = (1, 20, 28)
    def forward(self, latents):
        return super().forward(latents)[..., 4:24, :]

class TenChannels(Sound):
    image_shape = (10, 28, 28)
    def forward(self, latents):
        return super().forward(latents).repeat(1, 10, 1, 1)

class WithoutGradient(Sound):
    @torch.no_grad()
    def forward(self, latents):
        return super().forward(latents)

class Constant(Sound):
    def forward(self, latents):
        return super().forward(latents) * 0

class Bytes(Sound):
    def forward(self, latents):
        return torch.sigmoid(super().forward(latents)) * 255

class WithoutWeights(Generator):
    latent_dim, image_shape = 16, (1, 32, 32)
    def forward(self, latents):
        return torch.tanh(latents.point.view(-1, 1, 4, 4).repeat(1, 1, 8, 8))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(GENERATORS)
    return path


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def run(out: Path, *named: object) -> Result:
    settings = (part for setting in SETTINGS for part in ("--set", setting))
    return bench("run", *named, *settings, "--out", out)


def statuses(out: Path) -> dict[str, str]:
    """Of each cell of the run, `done` or why it failed."""
    results = [cell.result for cell in read_cells(out)]
    return {f"{r.cell.generator} {r.cell.method}": r.reason or r.status for r in results}


def test_a_bad_generator_fails_its_own_cells_and_the_report_is_written(
    file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    bad = ("Fifteen", "Constant", "Bytes")
    named = [part for name in bad for part in ("-g", f"{file}:{name}")]
    result = run(out, *named, "-g", "planted", "-m", "random")
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    found = statuses(out)
    assert found.pop("planted random") == "done"
    assert "images of 15 x 15 pixels are too small" in found.pop("own-Fifteen random")
    assert "gives one image whatever the latents are" in found.pop("own-Constant random")
    assert "bring images to [-1, 1]" in found.pop("own-Bytes random")
    assert not found
    for path in out.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert "too small" in (out / "rca.md").read_text()
    (out / "report.html").unlink()
    assert bench("report", out).exit_code == 0
    assert (out / "report.html").exists()


def test_images_from_16_pixels_up_of_any_form_and_without_weights_are_measured(
    file: Path, tmp_path: Path
) -> None:
    names = ("Sound", "Sixteen", "Wide", "WithoutWeights")
    named = [part for name in names for part in ("-g", f"{file}:{name}")]
    result = run(tmp_path / "run", *named, "-m", "discovered")
    assert result.exit_code == 0, result.output
    assert statuses(tmp_path / "run") == {f"own-{name} discovered": "done" for name in names}


def test_without_a_gradient_what_learns_is_skipped_and_what_does_not_is_done(
    file: Path, tmp_path: Path
) -> None:
    result = run(tmp_path / "run", "-g", f"{file}:WithoutGradient")
    assert result.exit_code == 0
    found = statuses(tmp_path / "run")
    assert found["own-WithoutGradient random"] == found["own-WithoutGradient coordinate"] == "done"
    reason = found["own-WithoutGradient discovered"]
    assert reason.startswith("no gradient reaches the latents through WithoutGradient.forward (own")


def test_ten_channels_give_tables_without_pictures_and_no_study(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = run(out, "-g", f"{file}:TenChannels", "-m", "random", "-m", "discovered")
    assert result.exit_code == 0, result.output
    assert set(statuses(out).values()) == {"done"}
    assert (out / "rca.csv").exists()
    assert "other channels than" in (out / "report.html").read_text()
    assert not (out / "strips").exists()
    named = ("-g", f"{file}:TenChannels")
    refused = bench("study", "build", out, *named, "--out", tmp_path / "study")
    assert refused.exit_code == 2
    assert "its images have 10 channels, and a picture has 1 or 3" in refused.output
    assert not (tmp_path / "study").exists()


@dataclass(frozen=True)
class Strange(Method):
    """Gives what `kind` says."""

    kind: str = ""

    def fit(self, task: Assignment) -> Fitted:
        d, k = task.generator.latent_dim, task.protocol.k
        matrix = torch.eye(d)
        given: dict[str, Any] = {
            "fewer": Fitted(FrozenLinear(matrix[:, : k - 1])),
            "more": Fitted(FrozenLinear(matrix[:, : k + 1])),
            "other latents": Fitted(FrozenLinear(matrix[: d - 1, :k])),
            "a matrix": matrix[:, :k],
            "nothing": None,
        }
        if self.kind == "exit":
            raise SystemExit(3)
        return given[self.kind]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("fewer", "the method gave 2 directions of 16 dimensions, not 3 of 16"),
        ("more", "the method gave 4 directions of 16 dimensions, not 3 of 16"),
        ("other latents", "the method gave 3 directions of 15 dimensions, not 3 of 16"),
        ("a matrix", "fit() gave a value of type Tensor; it must return Fitted(shift)"),
        ("nothing", "fit() gave a value of type NoneType; it must return Fitted(shift)"),
        ("exit", "SystemExit: 3"),
    ],
)
def test_what_a_method_should_not_give_fails_its_cell_with_both_sizes(
    tmp_path: Path, kind: str, reason: str
) -> None:
    methods = {**METHODS, "strange": Strange}
    config = RunConfig.from_preset("quick").with_settings([*SETTINGS, f"strange.kind={kind}"])
    groups = plan(config, ["planted"], ["strange", "random"], methods)
    expected = costs(groups, tmp_path, "cpu", False, METRICS)  # which fits nothing
    assert [cost.reason for cost in expected.values()] == ["", ""]
    results = list(execute(groups, tmp_path, "cpu", False, METRICS, {}))
    assert sorted(r.status for r in results) == ["done", "failed"]
    (failed,) = (r.reason for r in results if r.status == "failed")
    assert failed.startswith(reason)


class Picky(Metric):
    """Fails where it is told to."""

    columns: ClassVar[Mapping[str, Column]] = {"picky": Column("One.")}
    fault: ClassVar[bool] = True

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        if self.fault:
            raise ZeroDivisionError("no figure today")
        return {"picky": 1.0}


def test_a_metric_that_fails_on_done_cells_leaves_them_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    groups = plan(config, ["planted"], ["random", "coordinate"], METHODS)
    list(execute(groups, tmp_path, "cpu", False, METRICS, {}))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    more = {**METRICS, "picky": Picky()}
    results = list(execute(groups, tmp_path, "cpu", False, more, {}))
    assert [r.status for r in results] == ["failed", "failed"]
    assert "ZeroDivisionError: no figure today" in results[0].reason
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr(Picky, "fault", False)
    results = list(execute(groups, tmp_path, "cpu", False, more, {}))
    assert [r.metrics["picky"] for r in results] == [1.0, 1.0]


@dataclass(frozen=True)
class Principal(Method):
    """The principal axes of many latents; counts how often it looks at them."""

    fits: ClassVar[int] = 0

    def fit(self, task: Assignment) -> Fitted:
        Principal.fits += 1
        z = task.generator.sample(20_000, task.rng).point.double()  # (n, d)
        axes = torch.linalg.svd(z - z.mean(dim=0), full_matrices=False).Vh  # (d, d)
        return Fitted(FrozenLinear(axes[: task.protocol.k].T.float().contiguous()))


def test_a_costly_fit_runs_once_per_cell_and_never_for_the_estimate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Principal, "fits", 0)
    config = RunConfig.from_preset("quick").with_settings(SETTINGS)
    methods = {**METHODS, "principal": Principal}
    groups = plan(config, ["planted"], ["principal", "discovered"], methods)
    estimates = costs(groups, tmp_path, "cpu", False, METRICS)
    assert Principal.fits == 0
    assert {cell.method: cost.fits for cell, cost in estimates.items()} == {
        "principal": True,
        "discovered": False,
    }
    results = list(execute(groups, tmp_path, "cpu", False, METRICS, {}))
    assert {r.status for r in results} == {"done"}
    assert Principal.fits == 1


def test_a_picture_that_cannot_be_drawn_costs_itself_and_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert run(out, "-g", "planted", "-m", "random", "-m", "discovered").exit_code == 0
    (out / "report.html").unlink()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no picture today")

    monkeypatch.setattr("benchmark.report.pictures.gallery.draw_evolution", fail)
    monkeypatch.setattr("benchmark.report.making.write_recipe", fail)
    result = bench("report", out)
    assert result.exit_code == 1
    assert "missing: 2 parts of the report" in result.output
    assert "Traceback" not in result.output
    assert (out / "report.html").exists()
    assert len(list((out / "strips").iterdir())) == 2
