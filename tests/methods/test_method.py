"""What a method may return, and that learned methods in lockstep end as they would alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines import METHODS
from benchmark.core.errors import BenchError
from benchmark.directions.artefact import Directions
from benchmark.directions.matrices import axes, random_orthonormal
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.generators.base import Latents
from benchmark.generators.families.planted import Planted
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import (
    Assignment,
    Fitted,
    Learned,
    Method,
    accepted,
    check_shift,
)
from benchmark.metrics import METRICS
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner
from benchmark.runs.grid import Group, Job, plan
from benchmark.runs.results import read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from tests.directions.bent import Turning

RNG = torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        (FrozenLinear(axes(16, 3, RNG)), "3 directions of 16 dimensions, not 4 of 16"),
        (FrozenLinear(axes(15, 4, RNG)), "4 directions of 15 dimensions, not 4 of 16"),
        (FrozenLinear(4.0 * axes(16, 4, RNG)), "direction 0 moves by 4 times the eps"),
        (FrozenLinear(axes(16, 4, RNG) * torch.tensor([1, 1, 0, 1])), "direction 2 moves by 0"),
        (FrozenLinear(axes(16, 4, RNG) * torch.tensor([1, 1, 1, 1.02])), "direction 3 .* 1.02"),
    ],
)
def test_a_shift_of_the_wrong_size_or_length_is_refused(shift: Shift, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        check_shift(shift, Planted(), Protocol(k=4))


class Uneven(Turning):
    """Moves by eps only where eps is the largest there is."""

    kind = "uneven, for tests"

    def __init__(self, latent_dim: int, k: int, flaw: str = "") -> None:
        super().__init__(latent_dim, k)
        self.flaw = flaw

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "flaw": self.flaw}

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        told = {
            "always far": 6.0 * eps.sign(),
            "far for short ones": 6.0 * (eps / 6.0).abs().sqrt() * eps.sign(),
            "far backwards": torch.where(eps < 0, 2.0 * eps, eps),
        }
        return super().forward(latents, k, told[self.flaw])


@pytest.mark.parametrize("flaw", ["always far", "far for short ones", "far backwards"])
def test_a_shift_that_moves_by_eps_at_the_largest_only_is_refused(flaw: str) -> None:
    with pytest.raises(BenchError, match="times the eps it is told"):
        check_shift(Uneven(16, 4, flaw).frozen(), Planted(), Protocol(k=4))


def test_unit_directions_of_any_kind_pass() -> None:
    check_shift(FrozenLinear(random_orthonormal(16, 4, RNG)), Planted(), Protocol(k=4))
    check_shift(Turning(16, 4).frozen(), Planted(), Protocol(k=4))


class Nameless(Turning):
    kind = ""


class Inherited(Turning):
    """Has the kind of another class."""


class Forgetful(Turning):
    """Keeps what it turns by out of its file."""

    kind = "forgetful, for tests"

    def __init__(self, latent_dim: int, k: int, sign: float = 1.0) -> None:
        super().__init__(latent_dim, k)
        self.sign = sign

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        return self.sign * super().forward(latents, k, eps)  # (n, d)


class Unsettled(Turning):
    """Is made of other arguments than it says."""

    kind = "unsettled, for tests"

    def __init__(self, size: int, directions: int) -> None:
        super().__init__(size, directions)


class Flat(Turning):
    """Gives one number for each latent."""

    kind = "flat, for tests"

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        return eps  # (n,)


@pytest.mark.parametrize(
    ("shift", "message"),
    [
        (Nameless(16, 4), "Nameless cannot come back from its file: give the class a name"),
        (Inherited(16, 4), "another shift than Inherited is of the kind 'turning, for tests'"),
        (Forgetful(16, 4, sign=-1.0), r"direction 0 comes back .* settings\(\)"),
        (Unsettled(16, 4), r"settings\(\) does not give the arguments .*'latent_dim'"),
        (Flat(16, 4), r"is \(64,\), not \(64, 16\)"),
    ],
)
def test_a_shift_that_would_not_come_back_is_refused(shift: Shift, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        check_shift(shift.frozen(), Planted(), Protocol(k=4))


def test_some_directions_of_a_kind_of_ones_own_pass() -> None:
    check_shift(Turning(16, 5).frozen().chosen([4, 1, 0, 2]), Planted(), Protocol(k=4))


@pytest.mark.parametrize("found", [axes(16, 4, RNG), Fitted(axes(16, 4, RNG))])  # type: ignore[arg-type]  # a user's fault
def test_what_is_no_shift_is_refused_with_the_way_to_make_one(found: object) -> None:
    with pytest.raises(BenchError, match=r"gave a value of type Tensor; .*\(FrozenLinear\(A\)\)"):
        accepted(found, Planted(), Protocol(k=4))


def test_what_a_fit_leaves_under_training_is_frozen() -> None:
    """Else the fresh R would carry gradients to it, and no R of its group compute in bfloat16."""
    found = accepted(Fitted(Turning(16, 4)), Planted(), Protocol(k=4))
    assert not found.shift.training
    assert not any(value.requires_grad for value in found.shift.parameters())
    fresh = Learner("fresh", found.shift, (1, 16, 16), Protocol(k=4), 0, "cpu")
    assert not fresh.learns_shift


def test_notes_of_any_type_become_texts() -> None:
    shift = FrozenLinear(axes(16, 4, RNG))
    notes: Any = {"shares": torch.tensor(0.5), "layer": 3, "start": "axes"}
    kept = accepted(Fitted(shift, notes=notes), Planted(), Protocol(k=4)).notes
    assert kept == {"shares": "tensor(0.5000)", "layer": "3", "start": "axes"}
    Directions(shift, kept).only([0, 2])  # which looks for one share a column


@dataclass(frozen=True)
class Turns(Learned):
    """A bent shift that learns."""

    def learner(self, task: Assignment) -> Learner:
        shift = Turning(task.generator.latent_dim, task.protocol.k)
        shape = task.generator.image_shape
        return Learner(
            "turns", shift, shape, task.protocol, task.r_seed, task.device, lr_shift=1e-2
        )


@dataclass(frozen=True)
class Breaks(Turns):
    """A shift that raises at its third step."""

    def learner(self, task: Assignment) -> Learner:
        learner = super().learner(task)
        calls = iter(range(100))

        def fail(*_: object) -> None:
            if next(calls) == 2:
                raise ZeroDivisionError("a shift of my own")

        learner.shift.register_forward_pre_hook(fail)
        return learner


@dataclass(frozen=True)
class Typed(Method):
    """Directions of another type of float than generators compute in; bent ones too."""

    kind: str = "float64"
    bent: bool = False

    def fit(self, task: Assignment) -> Fitted:
        dtype = getattr(torch, self.kind)
        if self.bent:
            return Fitted(Turning(16, 4).frozen().to(dtype))
        return Fitted(FrozenLinear(axes(16, 4, RNG).to(dtype)))


@dataclass(frozen=True)
class Wide(Turns):
    """A shift that learns in float64."""

    def learner(self, task: Assignment) -> Learner:
        shift = Turning(task.generator.latent_dim, task.protocol.k).double()
        shape = task.generator.image_shape
        return Learner("wide", shift, shape, task.protocol, task.r_seed, task.device, lr_shift=1e-2)


@pytest.mark.parametrize(
    "method",
    [
        Typed("float64"),
        Typed("float16"),
        Typed("bfloat16"),
        Typed("int64"),
        Typed("float64", bent=True),
        Wide(),
    ],
)
def test_directions_of_any_type_are_measured_in_float32(tmp_path: Path, method: Method) -> None:
    (result,) = execute(groups(method), tmp_path, "cpu", False, METRICS, {})
    assert result.status == "done", result.reason
    (cell,) = read_cells(tmp_path)
    assert {value.dtype for value in cell.directions().shift.state_dict().values()} == {
        torch.float32
    }


def groups(*methods: Method) -> list[Group]:
    """One group of the planted generator whose jobs are these methods."""
    config = RunConfig.from_preset("quick").with_settings(
        ["steps=30", "batch=4", "evaluation=100", "planted.k=4"]
    )
    (group,) = plan(config, ["planted"], ["discovered"], METHODS)
    (job,) = group.jobs
    names = [type(method).__name__.lower() for method in methods]
    jobs = [
        Job(replace(job.cell, method=name), method, job.config, headline=True)
        for name, method in zip(names, methods, strict=True)
    ]
    return [replace(group, jobs=jobs)]


def stored(run: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.suffix in (".safetensors", ".parquet")
    }


def test_learned_methods_in_lockstep_end_as_alone(tmp_path: Path) -> None:
    together = list(
        execute(groups(Discovered(), Turns()), tmp_path / "a", "cpu", False, METRICS, {})
    )
    assert [r.status for r in together] == ["done", "done"]
    assert [r.cell.method for r in together] == ["discovered", "turns"]
    for method in (Discovered(), Turns()):
        list(execute(groups(method), tmp_path / "b", "cpu", False, METRICS, {}))
    assert stored(tmp_path / "a") == stored(tmp_path / "b")
    bent = next(c for c in read_cells(tmp_path / "a") if c.result.cell.method == "turns")
    assert bent.directions().shift.kind == Turning.kind
    assert 0 <= bent.result.metrics["max_cosine"] <= 1
    joint, fresh = bent.table("predictions_joint"), bent.table("predictions")
    assert joint is not None
    assert not joint.equals(fresh)


def test_one_that_breaks_does_not_stop_its_company(tmp_path: Path) -> None:
    results = list(execute(groups(Breaks(), Discovered()), tmp_path, "cpu", False, METRICS, {}))
    assert [r.status for r in results] == ["failed", "done"]
    assert results[0].reason.startswith("ZeroDivisionError: a shift of my own (test_method.py ")
