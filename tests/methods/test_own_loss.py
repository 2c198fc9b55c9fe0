"""The loop of a loss of one's own: its Adam, its questions, resume, failure, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import METHODS
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import Linear
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment
from benchmark.methods.own_loss import OwnLoss
from benchmark.metrics import METRICS
from benchmark.rca import training
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange, Shifts
from benchmark.rca.tally import Diverged
from benchmark.runs.grid import plan
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

OWN = ("hessian_penalty", "orojar", "latentclr")
TERMS = Protocol(k=4, steps=6, batch=5, min_shift=0.5)


def task(terms: Protocol = TERMS, checkpoint: Path | None = None) -> Assignment:
    generator = Planted()
    return Assignment(
        generator, prepare(generator), terms, stream("fit"), "questions", 0, checkpoint=checkpoint
    )


@dataclass(frozen=True)
class Towards(OwnLoss):
    """Columns that turn towards the batch's mean latent; notes what it is asked."""

    lr: float = 0.1
    poison: int = -1
    asked: list[Shifts] = field(default_factory=list)

    def untrained(self, task: Assignment) -> UnitLinear:
        return UnitLinear(axes(task.generator.latent_dim, task.protocol.k, task.rng))

    def rate_factor(self, progress: float) -> float:
        return 1.0 - progress

    def loss(
        self, generator: Generator, shift: Linear, shifts: Shifts, rng: torch.Generator
    ) -> Tensor:
        self.asked.append(shifts)
        mean = shifts.latents.point.mean(dim=0)  # (d,)
        loss = -(mean @ shift.matrix()).sum()
        return loss * float("nan") if len(self.asked) - 1 == self.poison else loss


def test_steps_are_adams_in_numpy_on_the_protocols_questions() -> None:
    method = Towards(weight_decay=0.01)
    found = method.fit(task()).shift
    questions, rng = ShiftRange(6.0, 0.5), stream("questions")
    raw = np.eye(16, 4)
    first, second = np.zeros_like(raw), np.zeros_like(raw)
    for step in range(6):
        expected = questions.draw(Planted(), 4, 5, rng)
        assert torch.equal(method.asked[step].latents.point, expected.latents.point)
        assert torch.equal(method.asked[step].k, expected.k)
        assert torch.equal(method.asked[step].eps, expected.eps)
        mean = expected.latents.point.double().numpy().mean(axis=0)
        gradient = 0.01 * raw
        for k in range(4):  # of -m . a / |a|
            a, length = raw[:, k], np.linalg.norm(raw[:, k])
            gradient[:, k] -= mean / length - a * (mean @ a) / length**3
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 0.1 * (1 - step / 6)
        scaled = np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8
        raw = raw - rate * first / (1 - 0.9 ** (step + 1)) / scaled
    matrix = raw / np.linalg.norm(raw, axis=0)
    np.testing.assert_allclose(found.tangents(Latents(torch.zeros(1, 16))), matrix, atol=2e-5)
    assert len(method.asked) == 6


def test_steps_and_batch_of_ones_own_replace_the_protocols() -> None:
    method = Towards(steps=3, batch=9)
    method.fit(task())
    assert [len(shifts.latents) for shifts in method.asked] == [9, 9, 9]
    assert (method.steps_under(TERMS), Towards().steps_under(TERMS)) == (3, 6)


@pytest.mark.parametrize("name", OWN)
def test_a_killed_fit_goes_on_and_ends_bit_for_bit_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = METHODS[name]()
    whole = method.fit(task())
    undisturbed = whole.shift.matrix()
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", -1.0)  # a checkpoint each step
    loss, left = METHODS[name].loss, [4]

    def interrupted(*arguments: object) -> Tensor:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return loss(*arguments)

    path = tmp_path / "fit.pt"
    monkeypatch.setattr(METHODS[name], "loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        method.fit(task(checkpoint=path))
    left[0] = 2  # steps that are missing, and none more
    resumed = method.fit(task(checkpoint=path))
    assert left[0] == 0
    assert torch.equal(resumed.shift.matrix(), undisturbed)
    assert resumed.passes == whole.passes
    assert resumed.seconds_before > 0
    assert torch.equal(method.fit(task(checkpoint=path)).shift.matrix(), undisturbed)  # was over


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", [*OWN, "warped"])
def test_a_fit_on_a_gpu_gives_directions_on_the_cpu(name: str) -> None:
    on_gpu = replace(task(), generator=prepare(Planted(), "cuda"), device="cuda")
    shift = METHODS[name]().fit(on_gpu).shift
    columns = shift.tangents(Planted().sample(8, stream("z")))
    torch.testing.assert_close(columns.norm(dim=0), torch.ones(4))


def test_a_checkpoint_comes_only_now_and_then_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setattr(
        "benchmark.methods.own_loss.save_checkpoint",
        lambda path, state: written.append(state["step"]),
    )
    Towards().fit(task(checkpoint=tmp_path / "fit.pt"))
    assert written == [6]


def test_a_loss_that_is_not_finite_ends_the_fit_and_names_the_step() -> None:
    with pytest.raises(Diverged, match="the loss became nan at step 3"):
        Towards(poison=3).fit(task())


def test_without_a_gradient_it_says_so_before_any_step() -> None:
    class Cut(Planted):
        def forward(self, latents: Latents) -> Tensor:
            return super().forward(Latents(latents.point.detach(), latents.labels))

    method = Towards()
    blind = replace(task(), original=Cut())
    with pytest.raises(Unserved, match="gradient"):
        method.fit(blind)
    assert not method.asked


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 0.0}, "Towards: lr must be above 0, not 0.0"),
        ({"weight_decay": -1.0}, "Towards: weight_decay must be 0 or more, not -1.0"),
        ({"steps": 0}, "Towards: steps must be at least 1, or none, not 0"),
        ({"batch": 1}, "Towards: batch must be at least 2, or none, not 1"),
    ],
)
def test_settings_that_cannot_be_right(settings: Mapping[str, float], words: str) -> None:
    with pytest.raises(BenchError) as caught:
        Towards(**settings)
    assert str(caught.value) == words


def cells(out: Path, *methods: str) -> dict[str, bytes]:
    """The directions of each method's cell after a short run of these methods together."""
    config = RunConfig.from_preset("quick").with_settings(
        ["steps=4", "batch=3", "evaluation=20", "latentclr.batch=2"]
    )
    groups = plan(config, ["planted"], methods, METHODS)
    results = list(execute(groups, out, "cpu", False, METRICS, {}))
    assert [result.status for result in results] == ["done"] * len(methods)
    return {
        result.cell.method: (result.cell.folder(out) / "directions.safetensors").read_bytes()
        for result in results
    }


def test_a_cell_holds_the_same_bytes_alone_and_in_company(tmp_path: Path) -> None:
    together = cells(tmp_path / "all", "discovered", "warped", *OWN)
    for name in ("warped", *OWN):
        assert cells(tmp_path / name, name) == {name: together[name]}
