"""Random directions: what R can tell apart when nobody looked for anything."""

from dataclasses import dataclass

from benchmark.directions.shift import check_orthonormal, random_orthonormal
from benchmark.methods.method import Assignment, Fitted, Method


@dataclass(frozen=True)
class Random(Method):
    """K orthonormal columns, uniform among all such matrices; they never learn."""

    def check(self, latent_dim: int, k: int) -> None:
        check_orthonormal("random", latent_dim, k)

    def fit(self, task: Assignment) -> Fitted:
        return Fitted(random_orthonormal(task.generator.latent_dim, task.protocol.k, task.rng))
