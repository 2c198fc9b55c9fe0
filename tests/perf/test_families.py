"""One training step on the paper's large generators, at full size with random weights: how much
faster the fast computation is than the plain one, and what it needs of memory."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.fast.rewrites import prepare
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from benchmark.rca.reconstructor import INPUT_SIDE
from benchmark.rca.training import Learner, new_reconstructor
from tests import plain
from tests.perf.per_sample import per_sample
from tests.perf.test_training_speed import ratio

QUESTIONS = ShiftRange(6.0, 0.5)
LARGE: dict[str, tuple[Callable[[], Generator], Protocol]] = {
    "sngan-64": (
        lambda: SNGAN(128, (1024, 512, 256, 128, 64), 3),
        Protocol(k=128, batch=32),
    ),
    "biggan-128": (BigGAN, Protocol(k=120, batch=4, reconstructor="resnet18")),
    "proggan-1024": (ProgGAN, Protocol(k=200, batch=2, reconstructor="resnet18")),
    "stylegan2-256": (
        lambda: StyleGAN2(256, channels=(512, 512, 512, 512, 256, 128, 64)),
        Protocol(k=200, batch=4, reconstructor="resnet18"),
    ),
    "stylegan2-1024": (
        lambda: StyleGAN2(1024, variant="residual", clamp=256.0),
        Protocol(k=200, batch=2, reconstructor="resnet18"),
    ),
}
LEAST = {"sngan-64": 4.0, "biggan-128": 4.0, "proggan-1024": 4.0, "stylegan2-256": 3.0}


class FastStep:
    """One step of A and R as a run takes it."""

    def __init__(self, generator: Generator, terms: Protocol) -> None:
        self.generator = prepare(generator, side=INPUT_SIDE[terms.reconstructor])
        start = axes(generator.latent_dim, terms.k, stream("start"))
        shape = self.generator.image_shape
        self.learner = Learner("A", UnitLinear(start), shape, terms, 0, "cpu", lr_shift=1e-4)
        self.terms, self.rng = terms, stream("perf")

    def __call__(self) -> None:
        shifts = QUESTIONS.draw(self.generator, self.terms.k, self.terms.batch, self.rng)
        with torch.no_grad():
            images = self.generator(shifts.latents)
        self.learner.update(self.generator, images, shifts)


def made(name: str) -> tuple[Generator, Protocol]:
    torch.manual_seed(0)
    make, terms = LARGE[name]
    return make().eval(), terms


@pytest.mark.parametrize("name", LEAST)
def test_training_step(benchmark: BenchmarkFixture, name: str) -> None:
    generator, terms = made(name)
    plainest = per_sample(generator) if isinstance(generator, StyleGAN2) else generator
    fast, rng = FastStep(generator, terms), stream("perf")
    start = axes(generator.latent_dim, terms.k, stream("start"))
    reconstructor = new_reconstructor(terms, generator.image_shape, 0)
    reference = plain.PlainTraining(
        plainest, start, reconstructor, terms.lambda_, terms.shift_loss, 1e-4, terms.lr
    )

    def slow() -> None:
        reference.step(QUESTIONS.draw(generator, terms.k, terms.batch, rng))

    assert ratio(benchmark, slow, fast, rounds=3, warm_up=1) >= LEAST[name]


STEP = """
import resource
from dataclasses import replace
from tests.perf.test_families import FastStep, made
generator, terms = made({name!r})
step = FastStep(generator, replace(terms, batch={batch}))
step()
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize(
    ("name", "batch", "gigabytes"),
    [("biggan-128", 4, 3.5), ("proggan-1024", 2, 4.0), ("stylegan2-1024", 2, 6.0)],
)
def test_memory_of_a_step(name: str, batch: int, gigabytes: float) -> None:
    """Peak memory of a process that makes the generator and takes two steps (Linux)."""
    code = STEP.format(name=name, batch=batch)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak = int(done.stdout) / 1e9
    print(f"\n{name}, batch {batch}: {peak:.2f} GB")
    assert peak < gigabytes
