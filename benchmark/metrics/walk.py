"""Walks: images of the same latents along each direction, made once for all metrics that look."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator, Latents

LATENTS = 32  # different z, the same for all directions, methods and seeds
STREAM = "collapse"  # that draws them
STOPS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # as shares of the largest shift
MIDDLE = STOPS.index(0.0)


@dataclass(frozen=True)
class Walk:
    """n latents moved along one direction.

    k: its number. eps: (s,) float64, how far they are moved at each stop, from the largest negative
    shift to the largest positive one; 0 in the middle. images: (s, n, C, H, W) in [-1, 1].
    """

    k: int
    eps: Tensor
    images: Tensor

    @property
    def unmoved(self) -> Tensor:
        """(n, C, H, W), the images at eps = 0."""
        return self.images[MIDDLE]


@torch.no_grad()
def walks(generator: Generator, shift: Shift, max_shift: float, latents: Latents) -> Iterator[Walk]:
    """A walk along each direction. latents: on the generator's device."""
    one = torch.ones(len(latents), device=latents.point.device)  # (n,)
    eps = torch.tensor(STOPS, dtype=torch.float64) * max_shift  # (s,)
    unmoved = generator(latents)  # (n, C, H, W)
    for k in range(shift.k):
        moved = [latents.moved(shift(latents, k * one.long(), stop * one)) for stop in eps.tolist()]
        stops = [unmoved if i == MIDDLE else generator(there) for i, there in enumerate(moved)]
        yield Walk(k, eps, torch.stack(stops))  # images (s, n, C, H, W)


def walk_images(k: int) -> int:
    """How many images the walks along k directions take."""
    return LATENTS * (1 + k * (len(STOPS) - 1))
