"""Images disturbed at random: for the critic of a GAN, and for a judge that knows images again.

Differentiable augmentation (Zhao et al., NeurIPS 2020) disturbs real and fake images alike. The
critic never sees an undisturbed image, so it cannot learn the few real ones by heart; and as
gradients pass through the disturbance, the generator still learns to make undisturbed images.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

KINDS = ("colour", "translation", "cutout")
TRANSLATION = 1 / 8  # largest shift, as a share of the image's side
CUTOUT = 1 / 2  # side of the square that is blanked, likewise


def augment(images: Tensor, rng: torch.Generator, kinds: Sequence[str] = KINDS) -> Tensor:
    """(n, C, H, W) images in [-1, 1], each with a colour, a shift and a blank square of its own.

    kinds: which of these. rng: on the CPU, whatever the device of the images.
    """
    disturbances = {"colour": _colour, "translation": _translation, "cutout": _cutout}
    for kind in kinds:
        images = disturbances[kind](images, rng)
    return images


def mirror(images: Tensor, rng: torch.Generator) -> Tensor:
    """(n, C, H, W) images, each turned left to right or not, which doubles the data."""
    turned = torch.rand(len(images), 1, 1, 1, generator=rng) < 0.5  # (n, 1, 1, 1)
    return torch.where(turned.to(images.device), images.flip(3), images)


def recoloured(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """(n, C, H, W) images, brighter by (n, 1, 1, 1), their distances from grey and from their mean
    times (n, 1, 1, 1) each."""
    images = images + brightness
    grey = images.mean(dim=1, keepdim=True)  # (n, 1, H, W)
    images = grey + (images - grey) * saturation
    mean = images.mean(dim=(1, 2, 3), keepdim=True)  # (n, 1, 1, 1)
    return mean + (images - mean) * contrast


def _colour(images: Tensor, rng: torch.Generator) -> Tensor:
    """Brightness moves by up to 0.5, saturation by a factor of 0 to 2, contrast of 0.5 to 1.5."""
    draws = torch.rand(3, len(images), 1, 1, 1, generator=rng)  # (3, n, 1, 1, 1)
    brightness, saturation, contrast = draws.to(images.device)
    return recoloured(images, brightness - 0.5, 2.0 * saturation, contrast + 0.5)


def _translation(images: Tensor, rng: torch.Generator) -> Tensor:
    """Each image moved by whole pixels; zeros come in from the edge."""
    height, width = images.shape[2:]
    down, right = round(height * TRANSLATION), round(width * TRANSLATION)
    padded = F.pad(images, (right, right, down, down))  # (n, C, H + 2 down, W + 2 right)
    tops = torch.randint(2 * down + 1, (len(images),), generator=rng).tolist()
    lefts = torch.randint(2 * right + 1, (len(images),), generator=rng).tolist()
    places = zip(padded, tops, lefts, strict=True)
    return torch.stack([p[:, y : y + height, x : x + width] for p, y, x in places])


def _cutout(images: Tensor, rng: torch.Generator) -> Tensor:
    """A square of zeros in each image, its centre anywhere in it."""
    sides = images.shape[2:]
    inside = []
    for side in sides:
        centre = torch.randint(side, (len(images), 1), generator=rng)  # (n, 1)
        inside.append((torch.arange(side) - centre).abs() < side * CUTOUT / 2)  # (n, side)
    blank = inside[0][:, None, :, None] & inside[1][:, None, None, :]  # (n, 1, H, W)
    return images * (~blank).to(images)


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
