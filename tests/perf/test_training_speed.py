"""How much faster the fast computation is, as ratios in one run: `make perf`.

Both sides take turns, so a busy machine slows both; the ratio of the medians is what counts.
"""

import statistics
import time
from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import nn

from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.fast.layers import ToImage
from benchmark.generators.fast.rewrites import prepare
from benchmark.rca import evaluation
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from benchmark.rca.reconstructor import lenet
from benchmark.rca.training import Learner, train
from tests import plain

K, SHAPE = 64, (1, 32, 32)
QUESTIONS = ShiftRange(6.0, 0.5)


def ratio(
    benchmark: BenchmarkFixture,
    slow: Callable[[], object],
    fast: Callable[[], object],
    rounds: int,
    warm_up: int = 2,
) -> float:
    """Median time of `slow` over that of `fast`, the two taking turns after a warm-up of each."""
    seconds: dict[str, list[float]] = {"slow": [], "fast": []}

    def turn() -> None:
        for name, work in (("slow", slow), ("fast", fast)):
            began = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - began)

    benchmark.pedantic(turn, rounds=rounds, warmup_rounds=warm_up)
    medians = {name: statistics.median(times[warm_up:]) for name, times in seconds.items()}
    result = medians["slow"] / medians["fast"]
    benchmark.extra_info.update(ratio=round(result, 2), **medians)
    print(
        f"\n{benchmark.name}: {medians['slow'] * 1e3:.1f} ms plain, "
        f"{medians['fast'] * 1e3:.1f} ms fast, {result:.2f} times as fast"
    )
    return result


@pytest.mark.parametrize(
    ("width", "least", "rounds"), [(32, 2.5, 30), (64, 3.0, 20), (256, 3.4, 5)]
)
def test_training_step(benchmark: BenchmarkFixture, width: int, least: float, rounds: int) -> None:
    generator = plain.sngan(width)
    start = axes(generator.latent_dim, K, stream("start"))
    terms = Protocol(k=K, steps=10**6, schedule="constant")
    learner = Learner("A", UnitLinear(start), SHAPE, terms, 0, "cpu", lr_shift=1e-4)
    reference = plain.PlainTraining(
        generator, start, lenet(SHAPE, K), terms.lambda_, terms.shift_loss, 1e-4, terms.lr
    )
    prepared, rng = prepare(generator), stream("perf")

    def fast() -> None:
        shifts = QUESTIONS.draw(prepared, K, 32, rng)
        with torch.no_grad():
            images = prepared(shifts.latents)
        learner.update(prepared, images, shifts)

    def slow() -> None:
        reference.step(QUESTIONS.draw(generator, K, 32, rng))

    assert ratio(benchmark, slow, fast, rounds) >= least


@torch.no_grad()
def test_rca_evaluation(benchmark: BenchmarkFixture) -> None:
    generator = plain.sngan(64).requires_grad_(False)
    matrix = axes(generator.latent_dim, K, stream("start"))
    reconstructor = lenet(SHAPE, K).eval()
    terms, prepared = Protocol(k=K, evaluation=400), prepare(generator)

    def fast() -> None:
        one = evaluation.Examined(FrozenLinear(matrix), [reconstructor])
        evaluation.predict(prepared, [one], terms, stream("evaluation"))

    def slow() -> None:
        rng, right = stream("evaluation"), 0
        for _ in range(0, terms.evaluation, 32):
            shifts = QUESTIONS.draw(generator, K, 32, rng)
            logits, _ = reconstructor(*plain.pair(generator, matrix, shifts))
            right += int((logits.argmax(dim=1) == shifts.k).sum())

    assert ratio(benchmark, slow, fast, rounds=7) >= 1.8


def test_lockstep(benchmark: BenchmarkFixture) -> None:
    """Three frozen methods together against one after the other, 32 channels."""
    prepared = prepare(plain.sngan(32))
    terms = Protocol(k=K, steps=10)
    start = axes(prepared.latent_dim, K, stream("start"))

    def learners() -> list[Learner]:
        return [Learner(n, FrozenLinear(start), SHAPE, terms, 0, "cpu") for n in "abc"]

    def together() -> None:
        train(prepared, learners(), terms, "s", [None] * 3, "together")

    def apart() -> None:
        for learner in learners():
            train(prepared, [learner], terms, "s", [None], "apart")

    assert ratio(benchmark, apart, together, rounds=7) >= 1.05


@pytest.mark.parametrize(("channels", "colours", "side"), [(32, 1, 32), (32, 3, 64), (80, 3, 32)])
@torch.no_grad()
def test_to_image(benchmark: BenchmarkFixture, channels: int, colours: int, side: int) -> None:
    """The last layer of the bundled generators against the convolution that it stands for."""
    conv = nn.Conv2d(channels, colours, 3, padding=1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(32, channels, side, side, generator=stream("x"))
    x = x.contiguous(memory_format=torch.channels_last)
    ours = ToImage(conv).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert ratio(benchmark, lambda: conv(x), lambda: ours(x), rounds=60) >= 1.15
