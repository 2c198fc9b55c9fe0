"""A shift that depends on the latents, for tests: directions turn with the first coordinate."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.directions.shift import Shift
from benchmark.generators.base import Latents


class Turning(Shift):
    """A shift by eps times (A + z_0 B) e_k, brought to unit length."""

    kind = "turning, for tests"

    def __init__(self, latent_dim: int, k: int) -> None:
        super().__init__()
        self.latent_dim, self.k = latent_dim, k
        rng = torch.Generator().manual_seed(latent_dim * k)
        self.straight = nn.Parameter(torch.randn(latent_dim, k, generator=rng))  # (d, K)
        self.turn = nn.Parameter(torch.randn(latent_dim, k, generator=rng))  # (d, K)

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        first = latents.point[:, :1]  # (n, 1)
        bent = self.straight.T[k] + first * self.turn.T[k]  # (n, d)
        return eps.unsqueeze(1) * F.normalize(bent, dim=1)  # (n, d)
