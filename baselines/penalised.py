"""What Hessian Penalty and OroJaR share: an orthonormal A and finite differences along all of it.

Both ask that directions do not interact. They write G as a function of the coordinates along A,
F(w) = G(z + A w), and step from w along random signs of all K coordinates at once (Rademacher
vectors x). If the directions do not interact, the outcome is the same whatever the signs; so its
variance over x, unbiased and from DRAWS of them, is the loss.
"""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError, Unserved, unknown
from benchmark.directions.matrices import axes, check_orthonormal
from benchmark.directions.shift import Linear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment
from benchmark.methods.own_loss import OwnLoss
from benchmark.rca.protocol import Protocol

DRAWS = 2  # of x, the fewest that have a variance
STARTS = ("axes", "random")


class GramSchmidt(Linear):
    """K <= d orthonormal columns: what Gram-Schmidt makes of a raw matrix, in the order of its
    columns."""

    def __init__(self, start: Tensor) -> None:
        """start: (d, K), of rank K."""
        super().__init__()
        self.latent_dim, self.k = start.shape
        self.raw = nn.Parameter(start.clone())

    def matrix(self) -> Tensor:
        q, r = torch.linalg.qr(self.raw)  # (d, K), (K, K)
        return q * r.diagonal().sign()  # (d, K): towards the raw column, as Gram-Schmidt has it


@dataclass(frozen=True)
class Penalised(OwnLoss):
    """Orthonormal columns that do not interact.

    start: from the first K coordinate axes, or from normal numbers of variance 2 / d. difference:
    the step of the finite differences along each column, in eps.
    """

    lr: float = 0.01
    start: str = "random"
    difference: float = 0.1

    role = "baseline"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start not in STARTS:
            raise unknown("start", self.start, STARTS)
        if not self.difference > 0:
            raise BenchError(
                f"{type(self).__name__}: difference must be above 0, not {self.difference}"
            )

    def check(self, generator: Generator, protocol: Protocol) -> None:
        check_orthonormal(type(self).__name__, generator.latent_dim, protocol.k)
        check_several(type(self).__name__, protocol)

    def untrained(self, task: Assignment) -> GramSchmidt:
        d, k = task.generator.latent_dim, task.protocol.k
        if self.start == "axes":
            return GramSchmidt(axes(d, k, task.rng))
        return GramSchmidt(sqrt(2 / d) * torch.randn(d, k, generator=task.rng))

    def steps_along(self, w: Tensor, rng: torch.Generator) -> Tensor:
        """(DRAWS, n, K): random signs times the difference, for coordinates w (n, K)."""
        signs = 2 * torch.randint(0, 2, (DRAWS, *w.shape), generator=rng) - 1  # (DRAWS, n, K)
        return self.difference * signs.to(w)


def check_several(method: str, protocol: Protocol) -> None:
    """Raise Unserved for a single direction, which has no other to be held against."""
    if protocol.k < 2:
        raise Unserved(f"{method} holds directions against each other; take k = 2 or more")
