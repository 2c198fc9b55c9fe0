"""The fast loop against the plain one, and the promises it makes: lockstep, resume, failure."""

import copy
import weakref
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from benchmark.core.failures import reason_of
from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes, random_orthonormal
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.rewrites import prepare
from benchmark.rca import training
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import QuestionStream, ShiftRange, Shifts
from benchmark.rca.training import Learner, losses, new_reconstructor, train
from tests import plain

K, D = 6, 20


@pytest.fixture(scope="module")
def generator() -> Generator:
    return plain.sngan(width=8, latent_dim=D)


def protocol(**changes: object) -> Protocol:
    return Protocol(**{"k": K, "steps": 12, "batch": 8, "schedule": "constant", **changes})


def double(shifts: Shifts) -> Shifts:
    return Shifts(Latents(shifts.latents.point.double()), shifts.k, shifts.eps.double())


def learner(terms: Protocol, seed: int = 0, learns: bool = True, name: str = "A") -> Learner:
    start = axes(D, K, stream("start"))
    columns = UnitLinear(start) if learns else FrozenLinear(start)
    return Learner(name, columns, (1, 32, 32), terms, seed, "cpu", lr_shift=1e-2)


def weights(one: Learner) -> dict[str, torch.Tensor]:
    return {**one.reconstructor.state_dict(), "A": one.shift.matrix().detach()}


def assert_same_bits(one: Learner, other: Learner) -> None:
    assert one.step == other.step
    assert one.curve == other.curve
    assert one.passes == other.passes
    for name, value in weights(one).items():
        assert torch.equal(value, weights(other)[name]), name


@pytest.mark.parametrize("shift_loss", ["mse", "mae"])
def test_loss_and_gradients_equal_the_plain_computation(
    generator: Generator, shift_loss: str
) -> None:
    terms = protocol(shift_loss=shift_loss, lambda_=0.7)
    wide = copy.deepcopy(generator).double()
    shifts = double(ShiftRange(6.0, 0.5).draw(generator, K, 8, stream("questions")))
    raw = torch.randn(D, K, generator=stream("raw"), dtype=torch.float64)

    plain_r = new_reconstructor(terms, (1, 32, 32), seed=3).double()
    plain_raw = raw.clone().requires_grad_(True)
    expected = plain.loss(wide, plain_raw, plain_r, shifts, 0.7, shift_loss)
    expected.backward()

    fast, fast_r = prepare(wide), new_reconstructor(terms, (1, 32, 32), seed=3).double()
    columns = UnitLinear(raw)
    with torch.no_grad():
        images = fast(shifts.latents)
    delta = shifts.eps.unsqueeze(1) * columns.matrix().T[shifts.k]
    batch = losses(fast_r, images, fast(shifts.latents.moved(delta)), shifts, terms)
    batch.total.backward()

    torch.testing.assert_close(batch.total, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(columns.raw.grad, plain_raw.grad, rtol=1e-9, atol=1e-11)
    for got, wanted in zip(fast_r.parameters(), plain_r.parameters(), strict=True):
        torch.testing.assert_close(got.grad, wanted.grad, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
def test_steps_of_adam_equal_the_plain_loop_in_float64(generator: Generator, schedule: str) -> None:
    terms = protocol(batch=8, shift_loss="mae", schedule=schedule)
    wide = copy.deepcopy(generator).double()
    one = learner(terms)
    one.shift.double(), one.reconstructor.double()
    reference = plain.PlainTraining(
        wide,
        axes(D, K, stream("x")).double(),
        copy.deepcopy(one.reconstructor),
        weight=0.25,
        shift_loss="mae",
        lr_shift=1e-2,
        lr=terms.lr,
    )
    schedules = [LambdaLR(adam, terms.rate_factor) for adam in reference.optimisers]
    fast, rng = prepare(wide), stream("steps")
    for _ in range(5):
        shifts = double(ShiftRange(6.0, 0.0).draw(generator, K, 8, rng))
        reference.step(shifts)
        for rates in schedules:
            rates.step()
        with torch.no_grad():
            images = fast(shifts.latents)
        one.update(fast, images, shifts)
    matrix = reference.raw / reference.raw.norm(dim=0)
    torch.testing.assert_close(one.shift.matrix(), matrix, rtol=1e-7, atol=1e-9)
    assert not torch.allclose(matrix, torch.eye(D, K).double(), atol=1e-3), "A did not move"


def test_a_learner_is_asked_the_questions_of_the_named_stream_in_the_range_of_the_protocol(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Shifts] = []
    update = Learner.update

    def watched(one: Learner, over: Generator, images: torch.Tensor, shifts: Shifts) -> None:
        asked.append(shifts)
        update(one, over, images, shifts)

    monkeypatch.setattr(Learner, "update", watched)
    terms = protocol(max_shift=3.0, min_shift=1.0)
    train(prepare(generator), [learner(terms)], terms, "named", [None], "asked")
    assert len(asked) == terms.steps
    rng, expected = stream("named"), ShiftRange(3.0, 1.0)
    for shifts in asked:
        twin = expected.draw(generator, K, terms.batch, rng)
        for got, wanted in zip(shifts.tensors(), twin.tensors(), strict=True):
            assert torch.equal(got, wanted)


def test_a_learner_ends_the_same_alone_and_in_company(generator: Generator) -> None:
    fast, terms = prepare(generator), protocol()
    alone, together = learner(terms), learner(terms)
    company = learner(terms, seed=9, learns=False, name="other")
    train(fast, [alone], terms, "stream", [None], "alone")
    train(fast, [company, together], terms, "stream", [None, None], "lockstep")
    assert_same_bits(alone, together)
    assert alone.step == terms.steps


@pytest.mark.parametrize("block", [1, 5])
def test_a_resumed_learner_ends_the_same_even_beside_one_that_is_further(
    generator: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    fast, terms = prepare(generator), protocol()
    undisturbed = learner(terms), learner(terms, seed=1, learns=False)
    train(fast, undisturbed, terms, "stream", [None, None], "undisturbed")

    monkeypatch.setattr(training, "QuestionStream", partial(QuestionStream, block=block))
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)  # a checkpoint each step
    paths = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for path, fresh, steps in zip(
        paths, (learner(terms), learner(terms, seed=1, learns=False)), (4, 7), strict=True
    ):
        _stop_after(fast, fresh, terms, path, steps, monkeypatch)
    resumed = learner(terms), learner(terms, seed=1, learns=False)
    train(fast, resumed, terms, "stream", paths, "resumed")
    for one, other in zip(resumed, undisturbed, strict=True):
        assert_same_bits(one, other)


def _stop_after(
    generator: Generator,
    one: Learner,
    terms: Protocol,
    path: Path,
    steps: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    update = one.update

    def interrupted(*arguments: object) -> None:
        if one.step == steps:
            raise KeyboardInterrupt
        update(*arguments)

    monkeypatch.setattr(one, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(generator, [one], terms, "stream", [path], "cut short")


def test_a_learner_whose_loss_is_not_finite_stops_and_the_others_go_on(
    generator: Generator,
) -> None:
    fast, terms = prepare(generator), protocol()
    alone, sound, broken = learner(terms), learner(terms), learner(terms, name="broken")
    update = broken.update

    def poisoned(*arguments: object) -> None:
        if broken.step == 3:
            next(broken.reconstructor.parameters()).data.fill_(float("nan"))
        update(*arguments)

    broken.update = poisoned  # type: ignore[method-assign]  # the fault under test
    train(fast, [broken, sound], terms, "stream", [None, None], "one breaks")
    assert str(broken.failure) == "the loss became nan at step 3"
    train(fast, [alone], terms, "stream", [None], "alone")
    assert_same_bits(sound, alone)


def test_a_learner_that_failed_keeps_no_memory_of_its_step_from_the_others(
    generator: Generator,
) -> None:
    terms = protocol()
    large: list[weakref.ref[torch.Tensor]] = []

    class Greedy(UnitLinear):
        def forward(self, latents: Latents, k: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
            taken = torch.zeros(100)
            large.append(weakref.ref(taken))
            try:
                raise torch.OutOfMemoryError("CUDA out of memory")
            except RuntimeError as error:
                raise ValueError(f"a shift of {len(taken)} numbers") from error

    broken, whole = learner(terms), learner(terms)
    broken.shift = Greedy(axes(D, K, stream("start")))
    train(generator, [broken, whole], terms, "questions", [None, None], "test")
    assert whole.failure is None
    assert len(large) == 1
    assert large[0]() is None
    assert broken.failure is not None
    assert reason_of(broken.failure).startswith("ValueError: a shift of 100 numbers (test_training")


def test_a_learner_that_diverged_between_two_readings_leaves_no_checkpoint(
    generator: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", float("inf"))  # none but at the end
    terms = protocol(steps=2 * training.CURVE_POINTS, batch=2)  # read at every second step
    broken, update = learner(terms), Learner.update

    def poisoned(*arguments: object) -> None:
        update(broken, *arguments)  # type: ignore[arg-type]
        if broken.step == terms.steps - 1:
            next(broken.reconstructor.parameters()).data.fill_(float("nan"))

    broken.update = poisoned  # type: ignore[method-assign]  # the fault under test
    path = tmp_path / "fit.pt"
    train(prepare(generator), [broken], terms, "stream", [path], "breaks at the end")
    assert str(broken.failure) == f"the loss became nan at step {terms.steps - 1}"
    assert not path.exists()


def test_snapshots_hold_the_evolution_of_a(generator: Generator) -> None:
    terms = protocol(steps=200, batch=2)
    one = learner(terms)
    train(prepare(generator), [one], terms, "stream", [None], "evolution")
    assert sorted(one.snapshots) == [0, 50, 100, 150, 200]
    kept = {step: tensors["directions"] for step, (tensors, _) in one.snapshots.items()}
    assert torch.equal(kept[0], torch.eye(D, K))
    assert torch.equal(kept[200], one.shift.matrix().detach())
    moved = [(kept[s] - kept[0]).norm() for s in (50, 100, 150, 200)]
    assert 0 < moved[0] < moved[-1]  # between them it may turn back by a little
    assert len({float(length) for length in moved}) == 4


def test_a_shift_of_many_numbers_leaves_no_stages(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = protocol(steps=2, batch=2)
    for largest, kept in ((D * K - 1, []), (D * K, [0, 1, 2])):
        monkeypatch.setattr("benchmark.rca.training.LARGEST_KEPT", largest)
        one = learner(terms)
        train(prepare(generator), [one], terms, "stream", [None], "evolution")
        assert sorted(one.snapshots) == kept


def test_frozen_columns_stay_and_r_learns(generator: Generator) -> None:
    terms = protocol()
    one = learner(terms, learns=False)
    before = {name: value.clone() for name, value in weights(one).items()}
    train(prepare(generator), [one], terms, "stream", [None], "frozen")
    after = weights(one)
    assert torch.equal(before["A"], after["A"])
    assert not torch.equal(before["direction_head.3.weight"], after["direction_head.3.weight"])


def test_curve_holds_means_over_consecutive_steps(generator: Generator) -> None:
    terms = protocol(steps=400, batch=2)
    one = learner(terms, learns=False)
    seen: list[float] = []
    update = one.update

    def watched(*arguments: object) -> None:
        update(*arguments)
        seen.append(one.step)

    one.update = watched  # type: ignore[method-assign]  # watches, changes nothing
    train(prepare(generator), [one], terms, "stream", [None], "curve")
    assert len(one.curve) == training.CURVE_POINTS
    assert [row[0] for row in one.curve] == seen[1::2]
    assert all(row[1] == pytest.approx(row[2] + 0.25 * row[3], rel=1e-5) for row in one.curve)


def test_random_orthonormal_start_is_what_the_stream_says() -> None:
    one, two = (random_orthonormal(D, K, stream("same")) for _ in range(2))
    assert torch.equal(one, two)
