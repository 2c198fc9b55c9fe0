"""Coordinate directions: the axes of the latent space, as training left them."""

from dataclasses import dataclass

from benchmark.directions.shift import axes, check_orthonormal
from benchmark.methods.method import Assignment, Fitted, Method


@dataclass(frozen=True)
class Coordinate(Method):
    """The first K coordinate axes; they never learn."""

    def check(self, latent_dim: int, k: int) -> None:
        check_orthonormal("coordinate", latent_dim, k)

    def fit(self, task: Assignment) -> Fitted:
        return Fitted(axes(task.generator.latent_dim, task.protocol.k, task.rng))
