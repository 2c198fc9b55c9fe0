"""Whatever is made on the CPU amid the work of another device raises, as it would on a card: shown
on one that is played, in a process of its own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils import backend_registration

from baselines import METHODS
from benchmark.directions.matrices import axes
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.asking.trial import tried
from benchmark.generators.families.planted import Planted
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.metrics import METRICS
from benchmark.runs.grid import plan
from benchmark.runs.results import read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

pytestmark = pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="an older torch has no devices in Python",
)

ROOT = Path(__file__).parents[2]
SETTINGS = ("steps=3", "batch=4", "evaluation=120", "planted.k=4")
GANSPACE = ("ganspace.samples=300", "ganspace.regression=300", "ganspace.components=8")


@dataclass(frozen=True)
class Returned(Method):
    """Axes that are left where the method was asked to work."""

    def fit(self, task: Assignment) -> Fitted:
        columns = axes(task.generator.latent_dim, task.protocol.k, task.rng)  # (d, K)
        return Fitted(FrozenLinear(columns.to(task.device)))


def run(out: Path, device: str) -> None:
    """Every kind of method: with R, in closed form, by a loss of its own, and one's own."""
    methods: dict[str, Any] = {**METHODS, "returned": Returned}
    names = ("discovered", "ganspace", "latentclr", "returned")
    config = RunConfig.from_preset("quick").with_settings([*SETTINGS, *GANSPACE])
    groups = plan(config, ["planted"], names, methods)
    for result in execute(groups, out, device, False, METRICS, {}):
        assert result.status == "done", f"{result.cell.method}: {result.reason}"


def opened(_: Path, device: str) -> None:
    """A generator of one's own that was moved to the device in its file."""
    generator = tried(Planted().to(device), "own.py:make")
    assert {one.device.type for one in generator.buffers()} == {"cpu"}


def refused(_: Path, device: str) -> None:
    there, here = torch.zeros(3, device=device), torch.zeros(3)
    for work in (
        lambda: there + here,
        lambda: torch.cat([there, here]),
        lambda: here[there.long()],
        lambda: here.add_(there),
        lambda: there.numpy(),
        lambda: torch.rand(3, device=device),
    ):
        with pytest.raises((RuntimeError, TypeError)):
            work()
    assert torch.equal((there + 1.0).cpu(), torch.ones(3))


def elsewhere(work: str, out: Path) -> None:
    """Do it on the device, in a process of its own."""
    code = (
        "from pathlib import Path; from tests.rca import played_device, test_on_another_device\n"
        f"with played_device.play(): test_on_another_device.{work}("
        f"Path({str(out)!r}), played_device.NAME)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_what_is_played_refuses_what_a_card_refuses(tmp_path: Path) -> None:
    elsewhere("refused", tmp_path)


def test_a_run_asks_what_it_asks_on_the_cpu_and_finds_the_same(tmp_path: Path) -> None:
    elsewhere("run", tmp_path / "there")
    run(tmp_path / "here", "cpu")
    pairs = zip(read_cells(tmp_path / "here"), read_cells(tmp_path / "there"), strict=True)
    for here, there in pairs:
        assert here.result.cell == there.result.cell
        expected, found = here.table("predictions"), there.table("predictions")
        assert expected is not None
        assert found is not None
        assert found[["k", "eps"]].equals(expected[["k", "eps"]])
        assert np.allclose(found["eps_hat"], expected["eps_hat"], atol=1e-3)
        matrices = [one.directions().shift.state_dict()["fixed"] for one in (here, there)]
        torch.testing.assert_close(*matrices, rtol=1e-3, atol=1e-4)


def test_a_generator_that_its_file_moved_is_brought_to_the_cpu(tmp_path: Path) -> None:
    elsewhere("opened", tmp_path)
