"""The only place that draws what R has to explain: latents z, directions k, shifts eps."""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.generators.base import Generator, Latents


@dataclass(frozen=True)
class Shifts:
    """n questions to R. latents: z (n, d). k: (n,) int64 in [0, K). eps: (n,) float32."""

    latents: Latents
    k: Tensor
    eps: Tensor

    def to(self, device: torch.device | str) -> "Shifts":
        return Shifts(self.latents.to(device), self.k.to(device), self.eps.to(device))


@dataclass(frozen=True)
class ShiftRange:
    """eps ~ U[-max_shift, max_shift]; |eps| below min_shift is raised to it, the sign kept.

    Voynov & Babenko (2020), section 3, draw from U[-6, 6]; their code raises to 0.5.
    """

    max_shift: float
    min_shift: float

    def draw(self, generator: Generator, n_directions: int, n: int, rng: torch.Generator) -> Shifts:
        """n triples (z, k, eps), k uniform over `n_directions`.

        k comes from a uniform number, so streams with the same seed hold the same z and eps
        whatever the number of directions.
        """
        latents = generator.sample(n, rng)  # z (n, d)
        place = torch.rand(n, generator=rng, dtype=torch.float64)  # (n,) in [0, 1)
        k = (place * n_directions).long()  # (n,)
        eps = (2.0 * torch.rand(n, generator=rng) - 1.0) * self.max_shift  # (n,)
        least = torch.where(eps < 0, -self.min_shift, self.min_shift)  # (n,)
        return Shifts(latents, k, torch.where(eps.abs() < self.min_shift, least, eps))
