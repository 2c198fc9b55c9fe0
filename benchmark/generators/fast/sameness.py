"""Does the rewritten form of a generator give the original's images and gradients?"""

from dataclasses import replace
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.parts import InParts, most_on

LATENTS = 4

# Of images in [-1, 1]: a hundred times the rounding seen on the bundled generators (1e-5), and a
# quarter of half a grey level. Rewrites that do not fit are off by 0.01 and more.
TOLERANCE = 1e-3

# Of the gradient, as a share of its largest entry: rounding takes a few values across the kink of a
# ReLU; a layer that overwrites what another one needs changes far more.
GRADIENT_TOLERANCE = 0.05


def probe(generator: Generator) -> Latents:
    """LATENTS latents of a stream of their own, on the device and of the type of the weights."""
    latents = generator.sample(LATENTS, stream("rewritten or plain"))
    tensors = chain(generator.parameters(), generator.buffers())
    weight = next((one for one in tensors if one.is_floating_point()), None)
    return latents if weight is None else replace(latents, point=latents.point.to(weight))


def answer(generator: Generator, side: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Images (n, C, *side) of a generator in eval mode, and how a fixed sum of them changes with
    the latents, (n, ..., d).

    Larger images are sampled down, nearest. The second is zero where no gradient reaches the
    latents.
    """
    latents = probe(generator)
    point = latents.point.detach().clone().requires_grad_(True)  # (n, ..., d)
    most = most_on("cpu", generator)
    # The plain form of a large generator may need several times the memory of the fast one.
    parts = InParts(generator, 1 if most is not None and most < LATENTS else most)
    with torch.enable_grad():
        images = parts(replace(latents, point=point))  # (n, C, H, W)
        if images.shape[-2:] != side:
            images = F.interpolate(images, side)  # (n, C, *side), nearest
        if not images.requires_grad:
            return images, torch.zeros_like(point)
        weight = torch.randn(images.shape, generator=stream("sum of images")).to(images)
        (slope,) = torch.autograd.grad((images * weight).sum(), point, allow_unused=True)
    return images.detach(), torch.zeros_like(point) if slope is None else slope


def difference(found: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> str:
    """In words, how one `answer` differs from the other; "" where they are the same."""
    if found[0].shape != expected[0].shape:
        return f"gives images {tuple(found[0].shape)}, not {tuple(expected[0].shape)}"
    off = float((found[0] - expected[0]).abs().max())
    if not off <= TOLERANCE:
        return f"gives images that differ by {off:.2g}"
    off = float((found[1] - expected[1]).abs().max())
    if not off <= GRADIENT_TOLERANCE * float(expected[1].abs().max()):
        return f"gives a gradient that differs by {off:.2g}"
    return ""
