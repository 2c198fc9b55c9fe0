"""Collapse: does a shift make the images of different z alike? RCA rewards it, people do not."""

import torch
from torch import Tensor

from benchmark.generators.base import Generator

LATENTS = 32  # different z a direction


def mean_distance(images: Tensor) -> Tensor:
    """Mean Euclidean distance over all pairs of (n, C, H, W) images, n >= 2."""
    return torch.pdist(images.flatten(1).double()).mean()


@torch.no_grad()
def collapse(generator: Generator, matrix: Tensor, eps: float, rng: torch.Generator) -> Tensor:
    """(K,) ratios: mean pairwise image distance after the shift over that before it.

    The same z for all directions; the mean of both signs of eps. 1: the images stay as different
    as they were. Near 0: all z end in one image.
    """
    matrix = matrix.to(next(iter(generator.state_dict().values())).device)
    latents = generator.sample(LATENTS, rng).to(matrix.device)
    before = mean_distance(generator(latents))
    ratios = [
        (
            mean_distance(generator(latents.moved(eps * column)))
            + mean_distance(generator(latents.moved(-eps * column)))
        )
        / (2.0 * before)
        for column in matrix.T
    ]
    return torch.stack(ratios).cpu()  # (K,)
