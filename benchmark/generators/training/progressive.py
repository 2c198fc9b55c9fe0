"""The discriminator that faces a ProgGAN: its mirror image (Karras et al., ICLR 2018, table 2)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import register_parametrization

from benchmark.generators.families.proggan import SEED_SIZE
from benchmark.generators.training.resampling import HalvingConv

GROUP = 4  # images among which variety is measured


class Variety(nn.Module):
    """(n, C, h, w) -> (n, C + 1, h, w): mean deviation within groups, shown to all.

    A generator that makes one image over and over gives itself away. Groups are consecutive, so
    real and fake images stacked in one batch do not mix where each are a multiple of GROUP.
    """

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        group = GROUP if n % GROUP == 0 else 1
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # also where x is bfloat16
        groups = wide.unflatten(0, (-1, group))  # (n / group, group, C, h, w)
        deviation = (groups.var(dim=1, unbiased=False) + 1e-8).sqrt()  # (n / group, C, h, w)
        shown = deviation.mean(dim=(1, 2, 3)).repeat_interleave(group)  # (n,)
        shown = shown.view(n, 1, 1, 1).expand(n, 1, height, width).to(x.dtype)
        return torch.cat([x, shown], dim=1)


def plain_halving(channels_in: int, channels_out: int) -> nn.Module:
    """(n, in, h, w) -> (n, out, h/2, w/2)"""
    return nn.Sequential(
        with_relu(nn.Conv2d(channels_in, channels_in, 3, padding=1)),
        with_relu(HalvingConv(channels_in, channels_out)),
    )


class ProgressiveDiscriminator(nn.Module):
    """D: (n, C, h, w) images of the size that `growth` says -> (n,) scores, high for real.

    channels: those of the generator, from 4 x 4 pixels to the full size; here in reverse. A new
    size fades in as the generator's does: beside it, the smaller image is seen directly. halving:
    makes what halves an image, of the channels before and after.
    """

    halving: Callable[[int, int], nn.Module] = staticmethod(plain_halving)

    def __init__(self, image_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        ways = (with_relu(nn.Conv2d(image_channels, c, 1)) for c in channels)
        self.from_image = nn.ModuleList(ways)
        self.halvings = nn.ModuleList(self.halving(b, a) for a, b in pairwise(channels))
        last = channels[0]
        self.last = nn.Sequential(
            Variety(),
            with_relu(nn.Conv2d(last + 1, last, 3, padding=1)),
            with_relu(nn.Conv2d(last, last, SEED_SIZE)),  # (n, last, 1, 1)
        )
        self.score = equalised(nn.Linear(last, 1), gain=1.0)
        self.growth = float(len(channels) - 1)

    def forward(self, images: Tensor, _labels: Tensor | None = None) -> Tensor:
        size = ceil(self.growth)
        x = self.halvings[size - 1](self.from_image[size](images))  # (n, C, h/2, w/2)
        if size > self.growth:
            smaller = self.from_image[size - 1](F.avg_pool2d(images, 2))  # (n, C, h/2, w/2)
            x = smaller.lerp(x, self.growth + 1.0 - size)
        for halving in reversed(self.halvings[: size - 1]):
            x = halving(x)  # (n, C, h/2, w/2)
        features = self.last(x).flatten(1)  # (n, C), from (n, C, 1, 1)
        return self.score(features).squeeze(1)  # (n,)


class Scaled(nn.Module):
    """Scales a weight when it is used, so that layers of all sizes learn at one rate."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.scale


def equalised(layer: nn.Conv2d | nn.Linear, gain: float = 2.0) -> nn.Module:
    """`layer` with weights from N(0, 1), used at sqrt(gain / fan-in), and biases of zero."""
    nn.init.normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    fan_in = layer.weight[0].numel()
    return register_parametrization(layer, "weight", Scaled((gain / fan_in) ** 0.5))


def with_relu(conv: nn.Conv2d) -> nn.Module:
    return nn.Sequential(equalised(conv), nn.LeakyReLU(0.2, inplace=True))
