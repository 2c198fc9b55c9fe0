"""When there are graphs at all, what they keep alive, and what their trials leave behind."""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from torch import Tensor

from benchmark.core.progress import Progress
from benchmark.generators.base import Generator, Latents
from benchmark.rca import adam, graphs, training
from benchmark.rca.questions import Shifts
from benchmark.runs import cost
from tests.rca import played_card
from tests.rca.test_graphs import (
    Unmoved,
    batches,
    generator,
    learner,
    on_card,
    protocol,
    refuse,
    trained,
)

__all__ = ["generator", "on_card"]  # the fixtures


def test_graphs_are_for_cards_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_CUDA_GRAPHS", raising=False)
    assert not graphs.captures("cuda")
    monkeypatch.setenv("BENCH_CUDA_GRAPHS", "0")
    assert not graphs.captures("cuda")
    monkeypatch.setenv("BENCH_CUDA_GRAPHS", "1")
    assert graphs.captures("cuda:0")
    assert not graphs.captures("cpu")


def test_a_training_as_short_as_its_trials_is_not_captured(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    assert cost.STEPS <= graphs.TRIALS  # so a rehearsal is not, either
    on_card.setattr(graphs, "Card", refuse)
    assert [one.graphed for one in trained(generator, protocol(steps=graphs.TRIALS))] == [None] * 2


def test_a_training_that_ends_on_a_cpu_does_not_say_graphs(generator: Generator) -> None:
    one = learner(protocol())
    one.graphed = True  # as a checkpoint said
    with graphs.capturing(generator, [one], one.protocol.steps, []):
        pass
    assert one.graphed is None


class Forgetful:
    """A card that keeps nothing."""

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        return lambda: None, work()


def test_a_graph_keeps_all_that_it_reads(generator: Generator) -> None:
    rulers = []

    def work(shifts: Shifts) -> Tensor:
        assert shifts.latents.ruler is not None
        rulers.append(weakref.ref(shifts.latents.ruler))
        return shifts.eps

    (shifts,) = batches(Unmoved(generator), 1)
    graph = graphs.Captured(Forgetful(), work, [shifts])  # type: ignore[arg-type]  # it captures
    assert rulers[0]() is not None
    del graph


def test_a_card_keeps_a_graph_that_nobody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    class Graph:
        def replay(self) -> None:
            pass

    cuda = MagicMock(CUDAGraph=Graph, graph=lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch, "cuda", cuda)
    card = graphs.Card(torch.device("cuda"))
    replay, _ = card.capture(lambda: torch.ones(1))
    graph = weakref.ref(replay.__self__)  # type: ignore[attr-defined]  # a method of one
    del replay
    assert graph() is not None


def test_no_trial_is_left_when_a_training_begins(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    """Its images are gone, but for those of the two graphs, and no random number is missing."""
    made = []

    class Noted(Unmoved):
        def forward(self, latents: Latents) -> Tensor:
            images = self.whole(latents) + 0.0 * torch.rand(())  # (n, 1, 32, 32)
            made.append(weakref.ref(images))
            return images

    noted, one, state = Noted(generator), learner(protocol()), torch.get_rng_state()
    asked = batches(noted, graphs.TRIALS)
    with graphs.capturing(noted, [one], one.protocol.steps, asked):
        assert one.graphed
        assert sum(image() is not None for image in made) <= 2
        assert torch.equal(torch.get_rng_state(), state)


def test_progress_begins_when_the_trials_are_over(
    generator: Generator, on_card: pytest.MonkeyPatch
) -> None:
    order = []

    class Noted(played_card.Card):
        def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
            order.append("capture")
            return super().capture(work)

    def progress(*given: Any) -> Progress:
        order.append("progress")
        return Progress(*given)

    on_card.setattr(graphs, "Card", Noted)
    on_card.setattr(training, "Progress", progress)
    trained(generator, protocol())
    assert order == ["capture"] * 3 + ["progress"]


def test_adam_has_no_mean_gradient_where_no_parameter_had_one() -> None:
    one = adam.Adam(torch.nn.Linear(2, 2), 1e-3, "cpu")
    one.step()
    assert one.mean_gradient().shape == (0,)
