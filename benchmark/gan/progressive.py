"""The discriminator that faces a ProgGAN: its mirror image (Karras et al., ICLR 2018, table 2)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmark.gan.resampling import HalvingConv
from benchmark.generators.proggan import SEED_SIZE, ScaledBias

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


class ProgressiveDiscriminator(nn.Module):
    """D: (n, C, H, W) images -> (n,) scores, high for real.

    channels: those of the generator, from 4 x 4 pixels to the image's size; here in reverse.
    """

    def __init__(self, image_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        widths = list(reversed(channels))
        layers = [_scaled(nn.Conv2d(image_channels, widths[0], 1, bias=False))]
        for a, b in pairwise(widths):
            layers += [
                _scaled(nn.Conv2d(a, a, 3, padding=1, bias=False)),
                _scaled(HalvingConv(a, b, bias=False)),
            ]
        last = widths[-1]
        layers += [
            Variety(),
            _scaled(nn.Conv2d(last + 1, last, 3, padding=1, bias=False)),
            _scaled(nn.Conv2d(last, last, SEED_SIZE, bias=False)),  # (n, last, 1, 1)
        ]
        self.layers = nn.Sequential(*layers)
        self.score = nn.Linear(last, 1, bias=False)
        self.scaled = ScaledBias(1, last**-0.5)
        nn.init.normal_(self.score.weight)

    def forward(self, images: Tensor, _labels: Tensor | None = None) -> Tensor:
        features = self.layers(images).flatten(1)  # (n, C)
        scores = self.score(features)[:, :, None, None]  # (n, 1, 1, 1)
        return self.scaled(scores).flatten()  # (n,)


def _scaled(conv: nn.Conv2d) -> nn.Module:
    """`conv` with weights from N(0, 1), scaled so that all layers learn at one rate, and a ReLU."""
    nn.init.normal_(conv.weight)
    fan_in = conv.weight[0].numel()
    scale = ScaledBias(conv.out_channels, (2.0 / fan_in) ** 0.5)
    return nn.Sequential(conv, scale, nn.LeakyReLU(0.2))
