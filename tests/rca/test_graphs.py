"""Graphs on a card that is played: what they make, what is refused, and what that leaves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.checkpoints import load_checkpoint
from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import FrozenLinear
from benchmark.directions.vector_fields import WarpedShift
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.ruler import Ruler
from benchmark.rca import adam, graphs, training
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange, Shifts
from benchmark.rca.training import Learner, train
from tests import plain
from tests.rca import played_card
from tests.rca.played_card import Tape

K, D = 6, 20


@pytest.fixture(scope="module")
def generator() -> Generator:
    return prepare(plain.sngan(width=8, latent_dim=D))


@pytest.fixture
def on_card(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The CPU is a card from here on; patches of it end with it."""
    for module in (adam, graphs):
        monkeypatch.setattr(module, "captures", lambda device: True)
    monkeypatch.setattr(graphs, "Card", played_card.Card)
    return monkeypatch


def protocol(**changes: object) -> Protocol:
    return Protocol(**{"k": K, "steps": 12, "batch": 8, **changes})  # type: ignore[arg-type]


def learner(terms: Protocol, learns: bool = True, name: str = "A") -> Learner:
    start = axes(D, K, stream("start"))
    columns = UnitLinear(start) if learns else FrozenLinear(start)
    return Learner(name, columns, (1, 32, 32), terms, 0, "cpu", lr_shift=1e-2)


def trained(generator: Generator, terms: Protocol, *paths: Path | None) -> list[Learner]:
    """One that learns A, and one that does not."""
    pair = [learner(terms), learner(terms, learns=False, name="frozen")]
    train(generator, pair, terms, "stream", paths or [None, None], "played")
    assert not any(one.failure for one in pair)
    return pair


def batches(generator: Generator, n: int) -> list[Shifts]:
    rng = stream("asked")
    return [ShiftRange(6.0, 0.0).draw(generator, K, 8, rng) for _ in range(n)]


def refuse(*_: object) -> None:
    raise RuntimeError("this card captures nothing")


def assert_same_bits(one: Learner, other: Learner) -> None:
    assert (one.step, one.curve, one.passes) == (other.step, other.curve, other.passes)
    assert one.snapshots.keys() == other.snapshots.keys()
    for found, expected in zip(one.changed(), other.changed(), strict=True):
        assert torch.equal(found, expected)


def test_graphs_give_the_bits_and_passes_of_eager_steps(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    terms = protocol()
    found = trained(generator, terms)
    assert [one.graphed for one in found] == [True, True]
    assert [one.graph for one in found] == [None, None]  # it goes with the training
    on_card.setattr(played_card.Card, "capture", refuse)
    eager = trained(generator, terms)
    assert [one.graphed for one in eager] == [False, False]
    for one, other in zip(found, eager, strict=True):
        assert_same_bits(one, other)


class Unmoved(Generator):
    """A generator with classes, points with a ruler, and images that depend on something else."""

    latent_dim, image_shape, n_classes = D, (1, 32, 32), 3

    def __init__(self, whole: Generator) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.whole, self.shades = whole, torch.nn.Embedding(3, 1)

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        drawn = super().sample(n, rng)
        ruler = Ruler.of(torch.randn(50, D, generator=stream("points")))
        return replace(drawn, ruler=ruler, unmoved=torch.rand(n, 1, generator=rng))

    def forward(self, latents: Latents) -> Tensor:
        assert latents.labels is not None
        assert latents.unmoved is not None
        shade = self.shades(latents.labels) + latents.unmoved  # (n, 1)
        return self.whole(latents) * shade[:, :, None, None]  # (n, 1, 32, 32)


def test_all_that_differs_from_batch_to_batch_reaches_a_graph(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    found = trained(prepare(Unmoved(generator)), protocol())
    assert [one.graphed for one in found] == [True, True]
    on_card.setattr(played_card.Card, "capture", refuse)
    for one, other in zip(found, trained(prepare(Unmoved(generator)), protocol()), strict=True):
        assert_same_bits(one, other)


def test_eager_steps_on_a_card_are_those_of_a_cpu_up_to_rounding(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    on_card.setattr(played_card.Card, "capture", refuse)
    found = trained(generator, protocol())
    on_card.undo()
    for one, other in zip(found, trained(generator, protocol()), strict=True):
        assert other.graphed is None
        assert torch.tensor(one.curve).allclose(torch.tensor(other.curve), rtol=1e-3, atol=1e-4)


class Spoilt(played_card.Card):
    """Its graphs of steps are wrong in one way."""

    how = ""

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        replay, result = super().capture(work)
        tape, gone = self.tapes[-1], {"no Adam": "_fused_adam_", "no count": "_foreach_add_"}
        if self.how == "one rate":
            tape.kept = [(f, a, {**k, "lr": k["lr"].clone()} if "lr" in k else k, made)
                         for f, a, k, made in tape.kept]  # fmt: skip
        else:
            tape.kept = [one for one in tape.kept if gone[self.how] not in one[0].name()]
        return replay, result


def _without_the_last(tensors: Callable[[Any], list[Tensor]]) -> Callable[[Any], list[Tensor]]:
    return lambda given: tensors(given)[:-1]


@pytest.mark.parametrize("how", ["no Adam", "no count", "one rate", "old eps"])
def test_a_wrong_graph_is_refused_and_leaves_no_trace(
    generator: Generator,
    on_card: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    how: str,
) -> None:
    with on_card.context() as patch:
        patch.setattr(played_card.Card, "capture", refuse)
        eager = trained(generator, protocol())
    caplog.clear()
    if how == "old eps":  # the last of what a batch holds
        on_card.setattr(graphs, "_tensors", _without_the_last(graphs._tensors))
    else:
        on_card.setattr(Spoilt, "how", how)
        on_card.setattr(graphs, "Card", Spoilt)
    found = trained(generator, protocol())
    assert [one.graphed for one in found] == [False, False]
    assert [record.getMessage().partition(", off")[0] for record in caplog.records] == [
        f"{name} stays eager, without a CUDA graph: a graph gives other numbers"
        for name in ("A", "frozen")
    ]
    for one, other in zip(found, eager, strict=True):
        assert_same_bits(one, other)


def test_numbers_that_are_none_are_refused_too() -> None:
    one, none = [torch.ones(2)], [torch.tensor([1.0, torch.nan])]
    for found, expected in ((one, none), (none, one), (none, none)):
        for of in (lambda kind: (kind, []), lambda kind: ([], kind)):
            with pytest.raises(BenchError, match="other numbers"):
                graphs._compare(of(found), of(expected))


def test_a_generator_that_no_graph_can_make_leaves_all_eager(
    generator: Generator, on_card: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on_card.setattr(played_card.Card, "capture", refuse)
    trained(generator, protocol())
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "the training stays eager, without CUDA graphs: RuntimeError: this card captures nothing"
    )


def test_a_shift_that_looks_at_numbers_stays_eager_and_the_others_do_not(
    generator: Generator, on_card: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terms = protocol()
    shift = WarpedShift(D, K, 4, 1.0)
    shift.scatter(stream("poles"))
    warped = Learner("warped", shift, (1, 32, 32), terms, 0, "cpu", lr_shift=1e-3)
    straight = learner(terms)
    train(generator, [warped, straight], terms, "stream", [None, None], "played")
    assert (warped.graphed, straight.graphed) == (False, True)
    assert warped.failure is None
    assert "warped stays eager, without a CUDA graph: RuntimeError: called a sync" in caplog.text
    alone = learner(terms)
    train(generator, [alone], terms, "stream", [None], "played")
    assert_same_bits(straight, alone)


@pytest.mark.parametrize("first", ["card", "cpu"])
def test_a_training_goes_on_from_a_checkpoint_of_a_card_and_of_a_cpu(
    generator: Generator, on_card: pytest.MonkeyPatch, tmp_path: Path, first: str
) -> None:
    terms, paths = protocol(), [tmp_path / "a.pt", tmp_path / "b.pt"]
    undisturbed = trained(generator, terms)
    on_card.setattr(training, "CHECKPOINT_SECONDS", 0.0)  # a checkpoint each step
    with on_card.context() as patch:
        if first == "cpu":
            for module in (adam, graphs):
                patch.setattr(module, "captures", lambda device: False)
        update, done = Learner.update, []

        def cut(one: Learner, *given: Any) -> None:
            if one.step == 5 and len(done) == 10:
                raise KeyboardInterrupt
            done.append(update(one, *given))

        patch.setattr(Learner, "update", cut)
        with pytest.raises(KeyboardInterrupt):
            trained(generator, terms, *paths)
    kept = [load_checkpoint(path) for path in paths]
    assert [state["learner"].get("graphed") for state in kept if state] == (
        [True, True] if first == "card" else [None, None]
    )
    resumed = trained(generator, terms, *paths)
    for one, other in zip(resumed, undisturbed, strict=True):
        assert one.graphed
        if first == "card":
            assert_same_bits(one, other)
        else:
            assert torch.tensor(one.curve).allclose(torch.tensor(other.curve), rtol=1e-3, atol=1e-4)
    on_card.setattr(graphs, "Card", refuse)  # nothing is left to do, so nothing is captured
    assert [one.graphed for one in trained(generator, terms, *paths)] == [True, True]


def test_a_step_of_graphs_reads_nothing_from_the_card(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    terms = protocol(steps=100 * training.CURVE_POINTS)  # losses are read every 100 steps
    one, asked = learner(terms), batches(generator, graphs.TRIALS)
    # the tape raises where a number is read
    with graphs.capturing(generator, [one], terms.steps, asked) as make, Tape():
        for shifts in asked:
            one.update(generator, make(shifts), shifts)
    assert (one.step, one.graphed) == (len(asked), True)


def test_a_cpu_trains_with_the_adam_and_the_checkpoint_that_it_always_had(
    generator: Generator,
) -> None:
    one = learner(protocol())
    (state, _), own = one.state()["optimisers"], torch.optim.Adam(one.reconstructor.parameters())
    own.param_groups[0]["lr"] = one.protocol.lr
    assert state == own.state_dict()
    train(generator, [one], protocol(), "stream", [None], "cpu")
    assert "graphed" not in one.state()
