"""The method of Voynov & Babenko (ICML 2020): A and R trained together, so that R can tell A's
columns apart by what they do to images."""

from dataclasses import dataclass

from benchmark.core.errors import BenchError, unknown
from benchmark.directions.matrices import SPACES, STARTS, check_orthonormal
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Learned
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner


@dataclass(frozen=True)
class Discovered(Learned):
    """Directions that learn together with R.

    space: unit columns (K may exceed d) or orthonormal ones. start: from the coordinate axes or at
    random. lr: Adam's rate for A; R's is the protocol's. A must learn more slowly than R.
    """

    space: str = "unit"
    start: str = "axes"
    lr: float = 1e-3

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise unknown("space", self.space, SPACES)
        if self.start not in STARTS:
            raise unknown("start", self.start, STARTS)
        if not self.lr > 0:
            raise BenchError(f"discovered.lr must be above 0, not {self.lr}")

    def check(self, generator: Generator, protocol: Protocol) -> None:
        if self.space == "orthonormal":
            check_orthonormal("discovered", generator.latent_dim, protocol.k)

    def learner(self, task: Assignment) -> Learner:
        """A learner with A at its start and an R of its own."""
        start = STARTS[self.start](task.generator.latent_dim, task.protocol.k, task.rng)  # (d, K)
        return Learner(
            "discovered",
            SPACES[self.space](start),
            task.generator.image_shape,
            task.protocol,
            task.r_seed,
            task.device,
            lr_shift=self.lr,
        )
