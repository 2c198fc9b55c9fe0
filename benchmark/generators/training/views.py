"""Random views of images, for a judge that learns to know an image again."""

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.generators.training.augmentation import recoloured


def view(images: Tensor, least: float, jitter: float, rng: torch.Generator) -> Tensor:
    """(n, C, H, W) images in [-1, 1], of each a random part at full size, mirrored or not, and in
    other colours.

    least: side of the smallest part, as a share of the image's. jitter: by how much brightness,
    contrast and saturation vary.
    """
    return _coloured(_cut(images, least, rng), jitter, rng)


def _cut(images: Tensor, least: float, rng: torch.Generator) -> Tensor:
    n = len(images)
    size = least + (1 - least) * torch.rand(n, generator=rng)  # (n,) side of the part, of 2
    centre = (1 - size)[:, None] * (2 * torch.rand(n, 2, generator=rng) - 1)  # (n, 2) in [-1, 1]
    mirrored = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)  # (n,)
    zero = torch.zeros(n)
    across = torch.stack([size * mirrored, zero, centre[:, 0]], dim=1)  # (n, 3)
    down = torch.stack([zero, size, centre[:, 1]], dim=1)  # (n, 3)
    affine = torch.stack([across, down], dim=1)  # (n, 2, 3)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)  # (n, H, W, 2)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _coloured(images: Tensor, jitter: float, rng: torch.Generator) -> Tensor:
    draws = jitter * (2 * torch.rand(3, len(images), 1, 1, 1, generator=rng) - 1)  # (3, n, 1, 1, 1)
    brightness, contrast, saturation = draws
    return recoloured(images, brightness, 1 + saturation, 1 + contrast)
