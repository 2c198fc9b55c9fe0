"""Random directions: what R can tell apart when nobody looked for anything."""

from dataclasses import dataclass

from benchmark.directions.matrices import check_orthonormal, random_orthonormal
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.protocol import Protocol


@dataclass(frozen=True)
class Random(Method):
    """K orthonormal columns, drawn uniformly among all such matrices, without any training."""

    role = "baseline"

    def check(self, generator: Generator, protocol: Protocol) -> None:
        check_orthonormal("random", generator.latent_dim, protocol.k)

    def fit(self, task: Assignment) -> Fitted:
        matrix = random_orthonormal(task.generator.latent_dim, task.protocol.k, task.rng)  # (d, K)
        return Fitted(FrozenLinear(matrix))
