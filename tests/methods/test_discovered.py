"""End to end where the answer is known: the method finds the planted axes, random does not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from baselines import METHODS
from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Assignment
from benchmark.metrics import METRICS
from benchmark.rca.protocol import Protocol
from benchmark.runs.grid import plan
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig


def recoveries(out: Path, seeds: tuple[int, ...], *settings: str) -> dict[str, list[float]]:
    """By method, over seeds, of the `quick` preset with some settings changed."""
    config = replace(RunConfig.from_preset("quick"), seeds=seeds).with_settings(settings)
    found: dict[str, list[float]] = {"discovered": [], "random": []}
    for result in execute(
        plan(config, ["planted"], list(found), METHODS), out, "cpu", False, METRICS, {}
    ):
        found[result.cell.method].append(result.metrics["recovery"])
    return found


def test_discovery_turns_towards_the_planted_axes(tmp_path: Path) -> None:
    found = recoveries(tmp_path, (0,), "steps=1200", "evaluation=200")
    assert found["discovered"][0] > 0.8
    assert found["random"][0] < 0.5


@pytest.mark.slow
def test_discovery_finds_the_planted_axes_with_every_seed(tmp_path: Path) -> None:
    found = recoveries(tmp_path, (0, 1, 2))
    assert min(found["discovered"]) >= 0.9
    assert max(found["random"]) < 0.5


@pytest.mark.parametrize("space", ["unit", "orthonormal"])
@pytest.mark.parametrize("start", ["axes", "random"])
def test_every_form_of_a_starts_where_told_and_moves(space: str, start: str) -> None:
    protocol = Protocol(k=6, steps=8, batch=8)
    task = Assignment(Planted(), prepare(Planted()), protocol, stream("fit"), "questions", r_seed=0)
    fitted = Discovered(space, start, lr=0.01).fit(task)
    assert fitted.learner is not None
    first, last = fitted.learner.snapshots[0][0]["directions"], fitted.shift.matrix()
    axes = torch.eye(16, 6)
    assert torch.allclose(first, axes, atol=1e-6) == (start == "axes")
    torch.testing.assert_close(last.norm(dim=0), torch.ones(6), atol=1e-5, rtol=0)
    assert 0.005 < (last - first).norm() < 1.0
    if space == "orthonormal":
        torch.testing.assert_close(last.T @ last, torch.eye(6), atol=1e-5, rtol=0)


def test_more_unit_columns_than_dimensions() -> None:
    task = Assignment(
        Planted(),
        prepare(Planted()),
        Protocol(k=20, steps=3, batch=8),
        stream("fit"),
        "q",
        r_seed=0,
    )
    assert Discovered("unit").fit(task).shift.matrix().shape == (16, 20)
    with pytest.raises(BenchError, match="20 orthonormal directions do not fit 16"):
        Discovered("orthonormal").check(Planted(), task.protocol)
