"""Steps of a training as CUDA graphs.

A step with a small generator is hundreds of short operations, and launching them one by one takes
the CPU longer than they take the card. A graph captures them once and launches them as one: the
same operations, on the same places in memory, whatever Python would have said the second time.

That serves work which reads and changes nothing but tensors, and no work is taken at its word.
Before it is captured it must not wait for the card, and its graph must give what it gives eagerly.
The trials for that change no weight, no moment and no random stream. Only where memory ran out does
a trace stay: a generator that then made its batches in parts goes on so.
"""

import copy
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.generators.base import Generator
from benchmark.generators.passes import Passes, count_again, counting
from benchmark.rca.questions import Shifts

log = logging.getLogger("bench")

ASKED = "BENCH_CUDA_GRAPHS"  # the variable of the environment that asks for them, by a 1

TRIALS = 4  # batches of which a graph must make what the work makes
WARM_UP = 3  # times that work is done before it is captured, as torch advises
NUMBERS, MOVES = 0.02, 0.25  # by how much of its length a vector may be off; see `_compare`

Given = Tensor | Shifts
Work = Callable[..., Tensor]  # of some `Given`


def captures(device: torch.device | str) -> bool:
    """Whether steps on the device should be graphs: on a card, where they are asked for."""
    return os.environ.get(ASKED) == "1" and torch.device(device).type == "cuda"


class Card:
    """A card that captures. All its graphs share memory, as they are replayed in the order in which
    they were captured; any of them may be left out. They live as long as it: torch, where it drops
    one, clears what cuBLAS works with on their stream, and the others still use that."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.side_stream = torch.cuda.Stream(device)
        self.pool = torch.cuda.graph_pool_handle()
        self.graphs: list[torch.cuda.CUDAGraph] = []

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        """What replays the work, and where its result then lies. The work is done WARM_UP times.

        Raises what torch does where the work waits for the card, or cannot be captured. A capture
        that fails may leave memory behind, so work that waits is found out before.
        """
        ahead = torch.cuda.current_stream(self.device)
        self.side_stream.wait_stream(ahead)
        try:
            with torch.cuda.stream(self.side_stream):  # `graph` does not leave it where it fails
                for _ in range(WARM_UP - 1):
                    work()
                with _no_waiting():
                    work()
                graph = torch.cuda.CUDAGraph()
                self.graphs.append(graph)
                with torch.cuda.graph(graph, pool=self.pool, stream=self.side_stream):
                    result = work()
        finally:
            ahead.wait_stream(self.side_stream)
        return graph.replay, result


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Whatever would wait for the card raises RuntimeError."""
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls it a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


class Captured:
    """`work` on one size of batch, as a graph. What it gives lies in one place, until the next
    time. Its passes of G count as often as it is replayed."""

    def __init__(self, card: Card, work: Work, given: Sequence[Given]) -> None:
        """given: an example."""
        self._held = copy.deepcopy(tuple(given))  # with a ruler, which the graph reads, too

        def counted() -> Tensor:
            self._passes = Passes()
            with counting(self._passes):
                return work(*self._held)

        self._replay, self._result = card.capture(counted)

    def __call__(self, *given: Given) -> Tensor:
        for mine, new in zip(_tensors(self._held), _tensors(given), strict=True):
            mine.copy_(new)
        self._replay()
        count_again(self._passes)
        return self._result


class Stepping(Protocol):
    """A learner, as far as its steps are concerned."""

    name: str
    graph: Captured | None  # `advance`, where that is captured
    graphed: bool | None  # whether it could be; None where no graphs are wanted

    def advance(self, generator: Generator, images: Tensor, shifts: Shifts) -> Tensor:
        """A step on the batch whose G(z) is `images`; gives figures of its loss."""

    def use_rates(self, step: int) -> None:
        """Let the next step learn at the rates of `step`, 0-based."""

    def changed(self) -> list[Tensor]:
        """All that `advance` changes."""

    def mean_gradients(self) -> list[Tensor]:
        """Running means of those that steps followed, as vectors."""

    def weights(self) -> list[Tensor]:
        """What learns, and what else the networks keep, as vectors."""


@contextmanager
def capturing(
    generator: Generator, learners: Sequence[Stepping], steps: int, trials: Iterable[Shifts]
) -> Iterator[Callable[[Shifts], Tensor]]:
    """Gives what makes G(z) of a batch. On a card, where graphs are asked for, that is one until
    this is left, and so are the steps of those learners whose steps can be one; the others stay
    eager, and a warning says why. steps: of the training. trials: batches for trying graphs out,
    drawn only where there are any. What that takes counts as nobody's seconds.
    """

    @torch.no_grad()
    def images_of(shifts: Shifts) -> Tensor:
        return generator(shifts.latents)  # (n, C, H, W)

    wanted = steps > TRIALS  # the rehearsals of `runs/cost` are as short as trials
    on_card = [one for one in learners if wanted and captures(one.changed()[0].device)]
    for learner in learners:
        learner.graphed = False if learner in on_card else None  # whatever a checkpoint says
    if not on_card:
        yield images_of
        return
    card = Card(on_card[0].changed()[0].device)
    try:
        yield _capture(card, generator, images_of, on_card, steps, list(trials))
    finally:
        for learner in on_card:
            learner.graph = None
            for tensor in learner.changed():
                tensor.grad = None  # it lies in the memory of the graphs


def _capture(
    card: Card,
    generator: Generator,
    images_of: Callable[[Shifts], Tensor],
    learners: Sequence[Stepping],
    steps: int,
    batches: Sequence[Shifts],
) -> Callable[[Shifts], Tensor]:
    """Let each learner have its graph, where there is one; gives what makes G(z)."""
    drawn_there = [card.device] if card.device.type == "cuda" else []
    with counting(None), torch.random.fork_rng(drawn_there):
        make = attempt(_graph_of_images, card, images_of, batches)
        if isinstance(make, Failure):
            log.warning("the training stays eager, without CUDA graphs: %s", make.reason)
            return images_of
        pairs = [(images_of(one), one) for one in batches]
        for learner in learners:
            step = attempt(_graph_of_steps, card, generator, learner, steps, pairs)
            if isinstance(step, Failure):
                log.warning("%s stays eager, without a CUDA graph: %s", learner.name, step.reason)
            else:
                learner.graph, learner.graphed = step, True
        return make


def _graph_of_images(
    card: Card, images_of: Callable[[Shifts], Tensor], batches: Sequence[Shifts]
) -> Captured:
    """Raises BenchError where its images are others, and what G or its capture raises."""
    graph = Captured(card, images_of, batches[:1])
    for shifts in batches:
        expected = images_of(shifts)  # (n, C, H, W)
        _compare(([graph(shifts)], []), ([expected], []))
    return graph


def _graph_of_steps(
    card: Card,
    generator: Generator,
    learner: Stepping,
    steps: int,
    pairs: Sequence[tuple[Tensor, Shifts]],
) -> Captured:
    """Steps of the learner as a graph, once that is seen to give what they give at rates from all
    over its `steps`. The learner ends as it was. Raises BenchError where the numbers differ, and
    what a step or its capture raises.

    pairs: batches, with the images G(z) of each.
    """
    advance = partial(learner.advance, generator)
    before = _copies(learner)
    try:
        graph = Captured(card, advance, pairs[0])
        _put_back(learner, before)
        for trial, given in enumerate(pairs):
            learner.use_rates(trial * steps // len(pairs))
            start = _copies(learner)
            expected = _outcome(advance, given, learner)
            after = _copies(learner)
            _put_back(learner, start)
            _compare(_outcome(graph, given, learner), expected)
            _put_back(learner, after)
    finally:
        _put_back(learner, before)
    return graph


def _outcome(
    work: Work, given: Sequence[Given], learner: Stepping
) -> tuple[list[Tensor], list[Tensor]]:
    """The numbers that a step makes, with the gradients, and how the weights moved."""
    before = learner.weights()
    made = [work(*given).clone(), *learner.mean_gradients()]
    return made, [new - old for new, old in zip(learner.weights(), before, strict=True)]


def _compare(
    found: tuple[list[Tensor], list[Tensor]], expected: tuple[list[Tensor], list[Tensor]]
) -> None:
    """Raise BenchError where outcomes differ by more than the tolerance for their kind.

    Both began at the same numbers, and are those of one step alone: with a new R even rounding has
    grown to the size of the gradient after three. A step of Adam is as long where the gradient is
    nothing but rounding, as that of a bias before a batch norm, so moves may differ by more.
    """
    for kind, other, tolerance in zip(found, expected, (NUMBERS, MOVES), strict=True):
        for one, wanted in zip(kind, other, strict=True):
            off = torch.linalg.vector_norm(one.double() - wanted.double())
            size = torch.linalg.vector_norm(wanted.double())
            if not off <= tolerance * size:  # NaN is not
                raise BenchError(
                    f"a graph gives other numbers, off by {float(off):.2g} of {float(size):.2g}"
                )


def _copies(learner: Stepping) -> dict[Tensor, Tensor]:
    """What its steps change, as it is now."""
    return {tensor: tensor.detach().clone() for tensor in learner.changed()}


@torch.no_grad()
def _put_back(learner: Stepping, copies: Mapping[Tensor, Tensor]) -> None:
    for tensor in learner.changed():
        if tensor in copies:
            tensor.copy_(copies[tensor])
        else:
            tensor.zero_()  # Adam's moments, which it makes in its first step, begin so


def _tensors(given: Sequence[Given]) -> list[Tensor]:
    """All tensors of a batch that differ from batch to batch."""
    return [
        tensor for one in given for tensor in ([one] if isinstance(one, Tensor) else one.tensors())
    ]
