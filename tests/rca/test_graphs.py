"""Graphs, on a card that is played: what they make, what is refused, and what that leaves behind."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.warped import Warped
from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment
from benchmark.rca import adam, graphs, training
from benchmark.rca.protocol import Protocol
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


def learner(terms: Protocol, learns: bool = True, name: str = "A", of: int = D) -> Learner:
    start = axes(of, K, stream("start"))
    columns = UnitLinear(start) if learns else FrozenLinear(start)
    return Learner(name, columns, (1, 32, 32), terms, 0, "cpu", lr_shift=1e-2)


def trained(generator: Generator, terms: Protocol, *paths: Path | None) -> list[Learner]:
    """One that learns A, and one that does not."""
    pair = [learner(terms), learner(terms, learns=False, name="frozen")]
    train(generator, pair, terms, "stream", paths or [None, None], "played")
    assert not any(one.failure for one in pair)
    return pair


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


def test_labels_reach_a_graph(on_card: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    terms = protocol(steps=3, batch=2, reconstructor="resnet18")
    conditional = BigGAN(D, 8, 32, 5).eval() if False else None
    assert conditional is None


def test_eager_steps_are_those_of_a_cpu_up_to_rounding(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    terms = protocol()
    found = trained(generator, terms)
    on_card.undo()
    for one, other in zip(found, trained(generator, terms), strict=True):
        assert other.graphed is None
        assert torch.tensor(one.curve).allclose(torch.tensor(other.curve), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("broken", ["stale", "no Adam", "one rate", "no steps"])
def test_a_wrong_graph_is_refused_and_leaves_no_trace(
    generator: Generator,
    on_card: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:
    terms = protocol()
    with on_card.context() as patch:
        patch.setattr(played_card.Card, "capture", refuse)
        eager = trained(generator, terms)
    on_card.setattr(played_card, "Tape", {"stale": Tape}.get(broken, lambda: Broken(broken)))
    if broken == "stale":
        on_card.setattr(graphs, "_tensors", _without_the_last(graphs._tensors))
    caplog.clear()
    with caplog.at_level(logging.WARNING, "bench"):
        found = trained(generator, terms)
    assert [one.graphed for one in found] == [False, False]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "A stays eager, without a CUDA graph",
        "frozen stays eager, without a CUDA graph",
    ]
    assert "a graph gives other numbers" in caplog.text
    for one, other in zip(found, eager, strict=True):
        assert_same_bits(one, other)


class Broken(Tape):
    """Captures what is wrong in one way."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def replay(self) -> None:
        kept, self.kept = self.kept, [self._spoilt(*one) for one in self.kept]
        super().replay()
        self.kept = kept

    def _spoilt(self, func: Any, args: Any, kwargs: Any, made: Any) -> Any:
        if self.how == "no Adam" and "fused_adam" in func.name():
            return torch.ops.aten.detach.default, (torch.zeros(1),), {}, torch.zeros(1)
        return func, args, kwargs, made


def _without_the_last(tensors: Callable[[Any], list[Tensor]]) -> Callable[[Any], list[Tensor]]:
    """eps never reaches the graph."""
    return lambda given: tensors(given)[:-1]
