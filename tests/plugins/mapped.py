"""A generator with a mapping network from z to w, the amplitudes of waves; directions live in w."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from benchmark.generators.base import Generator, Latents, Usual


@dataclass(frozen=True)
class Loudness:
    gain: float = 1.0  # of all waves


class Waves(Generator):
    """Images are sums of cosine waves."""

    latent_dim, image_shape = 12, (1, 32, 32)
    space = "w"
    usual = Usual(k=6, max_shift=1.5)
    Options = Loudness

    def __init__(self):
        super().__init__()
        self.gain = 1.0
        with torch.random.fork_rng():
            torch.manual_seed(3)  # in place of loading weights
            self.mapping = nn.Sequential(nn.Linear(20, 12), nn.Tanh(), nn.Linear(12, 12))
        x = torch.linspace(0, math.pi, 32)
        waves = [torch.outer((a * x).cos(), (b * x).cos()) for a in range(3) for b in range(4)]
        self.register_buffer("waves", torch.stack(waves).flatten(1))  # (12, 32 * 32)

    def configure(self, options):
        self.gain = options.gain

    @torch.no_grad()
    def sample(self, n, rng):
        z = torch.randn(n, 20, generator=rng)  # (n, 20), drawn on the CPU
        return Latents(self.mapping(z.to(self.waves.device)).cpu())  # w: (n, 12)

    def forward(self, latents):
        pixels = torch.tanh(self.gain * latents.point @ self.waves)  # (n, 32 * 32)
        return pixels.view(-1, 1, 32, 32)

    def first_layer(self):
        return self.waves.T  # (32 * 32, 12)
