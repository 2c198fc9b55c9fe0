"""Coordinate directions: the axes of the latent space, as training left them."""

from dataclasses import dataclass

from benchmark.directions.matrices import axes, check_orthonormal
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.protocol import Protocol


@dataclass(frozen=True)
class Coordinate(Method):
    """The first K coordinate axes, without any training."""

    role = "baseline"

    def check(self, generator: Generator, protocol: Protocol) -> None:
        check_orthonormal("coordinate", generator.latent_dim, protocol.k)

    def fit(self, task: Assignment) -> Fitted:
        matrix = axes(task.generator.latent_dim, task.protocol.k, task.rng)  # (d, K)
        return Fitted(FrozenLinear(matrix))
