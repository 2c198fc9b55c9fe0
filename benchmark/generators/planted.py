"""A generator whose interpretable directions are known: the suite's own end-to-end check.

A renderer draws a coloured blob on a plain ground. Eight factors control it, one number each, and
a fixed random rotation hides them in a latent space of sixteen dimensions, eight of which do
nothing. A method that works finds the eight hidden axes; `recovery` says how well it did.
"""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from benchmark.generators.base import Generator, Latents
from benchmark.seeds import stream

FACTORS = (
    "horizontal position", "vertical position", "size", "elongation",
    "brightness", "hue", "hole", "ground",
)  # fmt: skip
GAIN = 0.7  # a factor is tanh(GAIN * coordinate), so a shift of 6 always reaches its end


class Planted(Generator):
    """G(z): factors tanh(GAIN * axes^T z) of a blob, rendered as (n, 3, 32, 32)."""

    axes: Tensor  # (d, 8), orthonormal: the directions to be found
    row: Tensor  # (1, H, 1), vertical place of each pixel in [-1, 1]
    column: Tensor  # (1, 1, W)

    def __init__(self, latent_dim: int = 16, side: int = 32) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = (3, side, side)
        square = torch.randn(latent_dim, latent_dim, generator=stream("planted", latent_dim))
        rotation = torch.linalg.qr(square).Q  # (d, d)
        self.register_buffer("axes", rotation[:, : len(FACTORS)].contiguous())  # (d, 8)
        line = torch.linspace(-1.0, 1.0, side)
        self.register_buffer("row", line.view(1, side, 1))
        self.register_buffer("column", line.view(1, 1, side))

    def forward(self, latents: Latents) -> Tensor:
        factors = torch.tanh(GAIN * latents.z @ self.axes)  # (n, 8) in [-1, 1]
        left, top, size, elongation, brightness, hue, hole, ground = (
            factor.view(-1, 1, 1) for factor in factors.unbind(1)
        )  # each (n, 1, 1)
        radius = 0.30 * 2.0 ** (0.7 * size)
        stretch = 2.0 ** (0.6 * elongation)
        across = (self.column - 0.45 * left) / (radius * stretch)  # (n, 1, W)
        down = (self.row - 0.45 * top) / (radius / stretch)  # (n, H, 1)
        distance = (across.square() + down.square() + 1e-6).sqrt()  # (n, H, W), 1 at the edge
        body = torch.sigmoid(8.0 * (1.0 - distance))
        body = body * (1.0 - (0.5 + 0.5 * hole) * torch.exp(-4.0 * distance.square()))
        light = 0.65 + 0.35 * brightness
        colour = torch.stack([0.5 + 0.5 * hue, 0.45 + 0 * hue, 0.5 - 0.5 * hue], dim=1)
        blob = body.unsqueeze(1) * light.unsqueeze(1) * colour  # (n, 3, H, W)
        back = (1.0 - body.unsqueeze(1)) * (0.3 + 0.3 * ground.unsqueeze(1))  # (n, 1, H, W)
        return 2.0 * (blob + back) - 1.0  # (n, 3, H, W)


def recovery(matrix: Tensor, axes: Tensor) -> float:
    """Mean |cos| between the true axes (d, F) and the columns of (d, K) matched to them one to one.

    The matching is the best there is (Hungarian algorithm); sign and order do not count. 1 is
    perfect. Needs K >= F.
    """
    columns = matrix / matrix.norm(dim=0, keepdim=True)  # (d, K)
    cosines = (axes.T @ columns).abs().cpu().numpy()  # (F, K)
    factor, column = linear_sum_assignment(cosines, maximize=True)
    return float(cosines[factor, column].mean())
