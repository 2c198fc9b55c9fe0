"""BigGAN-deep's layers: blocks of four convolutions, the outer two of them 1x1, beside a bypass
without weights, and norms that hold the statistics of many truncations."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.families.biggan_blocks import ConditionalNorm

SETS = 51  # of statistics, for truncations from 0 to 1
TINY = 1e-4  # is added to variances
NARROWER = 4  # times, inside a block


class Statistics(nn.Module):
    """(n, C, h, w) -> the same, normed by means and variances measured at the truncation in use."""

    running_means: Tensor  # (51, C)
    running_vars: Tensor  # (51, C)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("running_means", torch.zeros(SETS, channels))
        self.register_buffer("running_vars", torch.ones(SETS, channels))
        self.truncation = 1.0

    def mean_and_scale(self) -> tuple[Tensor, Tensor]:
        """(C,) each; between two truncations both sets count.

        The nearer one counts less, not more: so do they, and their images are what is kept.
        """
        share, below = math.modf(self.truncation / (1.0 / (SETS - 1)))
        mean, variance = (sets[int(below)] for sets in (self.running_means, self.running_vars))
        if share:
            above = int(below) + 1
            mean = mean * share + self.running_means[above] * (1.0 - share)
            variance = variance * share + self.running_vars[above] * (1.0 - share)
        return mean, (variance + TINY).rsqrt()

    def forward(self, x: Tensor) -> Tensor:
        mean, scale = self.mean_and_scale()
        return (x - mean[:, None, None]) * scale[:, None, None]


class Norm(ConditionalNorm):
    """A conditional norm by the statistics of the truncation in use."""

    statistics: Statistics

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__(channels, condition, Statistics(channels))

    def mean_and_scale(self) -> tuple[Tensor, Tensor]:
        return self.statistics.mean_and_scale()


class LastNorm(nn.Module):
    """The norm of the last channels, whose gain and bias are the same for all classes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.statistics = Statistics(channels)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        gain, bias = self.weight[:, None, None], self.bias[:, None, None]
        return self.statistics(x) * gain + bias  # (n, C, h, w)


class DeepBlock(nn.Module):
    """(n, in, h, w) -> (n, out, h, w), or twice as high and wide with `up`.

    The bypass drops the channels that are too many.
    """

    def __init__(self, channels_in: int, channels_out: int, condition: int, *, up: bool) -> None:
        super().__init__()
        middle = channels_in // NARROWER
        self.channels_out = channels_out
        self.norm0 = Norm(channels_in, condition)
        self.norm1 = Norm(middle, condition)
        self.norm2 = Norm(middle, condition)
        self.norm3 = Norm(middle, condition)
        self.larger = nn.Upsample(scale_factor=2) if up else nn.Identity()
        self.conv0 = nn.Conv2d(channels_in, middle, 1)
        self.conv1 = nn.Sequential(
            nn.Upsample(scale_factor=2) if up else nn.Identity(),
            nn.Conv2d(middle, middle, 3, padding=1),
        )
        self.conv2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.conv3 = nn.Conv2d(middle, channels_out, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        branch = self.conv0(F.relu(self.norm0(x, condition)))  # (n, in / 4, h, w)
        branch = self.conv1(F.relu(self.norm1(branch, condition)))  # (n, in / 4, 2h, 2w)
        branch = self.conv2(F.relu(self.norm2(branch, condition)))
        branch = self.conv3(F.relu(self.norm3(branch, condition)))  # (n, out, 2h, 2w)
        return branch + self.larger(x[:, : self.channels_out])
