"""Images of latents that move along a direction, several steps of it at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmark.directions.artefact import Directions
from benchmark.generators.base import Generator, Latents

AT_ONCE = 1 << 16  # pixels of what is made together, such as 16 images of 64 x 64


@torch.no_grad()
def images_along(
    generator: Generator, latents: Latents, directions: Directions, k: int, eps: Tensor
) -> Iterator[Tensor]:
    """(n, C, H, W) for each of the shifts eps (E,): n latents moved by it along direction k.

    Few images at a time leave most of a CPU idle; many of a large generator do not fit into memory.
    """
    n, (_, height, width) = len(latents), generator.image_shape
    for part in eps.split(max(1, AT_ONCE // (n * height * width))):
        repeated = latents[torch.arange(n).repeat(len(part))]  # (p * n, ...), shift by shift
        moved = directions.move(repeated, k, part.repeat_interleave(n))  # (p * n, ...)
        yield from generator(moved).split(n)
