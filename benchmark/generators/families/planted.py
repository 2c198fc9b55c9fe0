"""A generator whose interpretable directions are known: the suite's own end-to-end check.

A renderer draws eight blobs on a ring. Each of eight factors controls one blob, which shines and
grows, or fades and shrinks. A fixed random rotation hides the factors in a latent space of sixteen
dimensions, eight of which do nothing. A method that works finds the eight hidden axes; the metric
`recovery` says how well.

Two things make the axes the best directions there are, for R as for people. A factor answers only
to a shift that is long along its own axis, near zero it hardly moves: a direction that mixes axes
spreads its length over them and shows little. And all factors are equally easy to see: otherwise A
turns to the factors that R learns first and never leaves them.
"""

from math import pi

import torch
from torch import Tensor, nn

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.usual import Usual

FACTORS = tuple(
    f"blob at {hour} o'clock" for hour in ("3", "4:30", "6", "7:30", "9", "10:30", "12", "1:30")
)
THRESHOLD = 4.0  # how far along its axis a factor gets going


class Factors(nn.Module):
    """How far each axis has been followed (n, 8) -> factors (n, 8) in [-1, 1], slow near zero."""

    def forward(self, along: Tensor) -> Tensor:
        return torch.tanh((along / THRESHOLD) ** 3)


class Planted(Generator):
    """G(z): eight factors tanh((axes^T z / THRESHOLD)^3) of eight blobs, (n, 3, 32, 32)."""

    usual = Usual(k=len(FACTORS))
    axes: Tensor  # (d, 8), orthonormal: the directions to be found
    distance: Tensor  # (8, H, W), squared distance of each pixel to each blob's centre
    colour: Tensor  # (8, 3), one per blob, around the colour circle

    def __init__(self, latent_dim: int = 16, side: int = 32) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = (3, side, side)
        self.factors = Factors()
        # In double, then rounded to single: the last bits, in which processors differ, do not
        # survive, and the generator has one hash everywhere.
        square = torch.randn(
            latent_dim, latent_dim, generator=stream("planted", latent_dim), dtype=torch.float64
        )
        rotation = torch.linalg.qr(square).Q  # (d, d)
        self.register_buffer("axes", rotation[:, : len(FACTORS)].float().contiguous())  # (d, 8)
        hours = torch.arange(len(FACTORS), dtype=torch.float64).view(-1, 1, 1)  # (8, 1, 1)
        angle = 2 * pi * hours / len(FACTORS)
        line = torch.linspace(-1.0, 1.0, side, dtype=torch.float64)
        across = line.view(1, 1, side) - 0.62 * angle.cos()  # (8, 1, W)
        down = line.view(1, side, 1) - 0.62 * angle.sin()  # (8, H, 1)
        distance = across.square() + down.square()  # (8, H, W)
        self.register_buffer("distance", distance.float())
        shades = angle.view(-1, 1) + torch.tensor([0.0, 2.1, 4.2], dtype=torch.float64)  # (8, 3)
        self.register_buffer("colour", (0.6 + 0.4 * shades.cos()).float())

    def first_layer(self) -> Tensor:
        return self.axes.T  # (8, d)

    def feature_layers(self) -> tuple[str, ...]:
        return ("factors",)

    def true_directions(self) -> Tensor:
        return self.axes  # (d, 8)

    def forward(self, latents: Latents) -> Tensor:
        factors = self.factors(latents.point @ self.axes)  # (n, 8) in [-1, 1]
        shown = factors.unsqueeze(-1).unsqueeze(-1)  # (n, 8, 1, 1)
        blobs = torch.exp(-self.distance / (0.035 * 2.0**shown))  # (n, 8, H, W)
        light = (0.5 + 0.45 * factors).unsqueeze(-1) * self.colour  # (n, 8, 3)
        image = torch.einsum("nbhw,nbc->nchw", blobs, light)  # (n, 3, H, W) in [0, 1)
        return 2.0 * image.clamp(0.0, 1.0) - 1.0
