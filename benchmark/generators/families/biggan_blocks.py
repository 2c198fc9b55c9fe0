"""BigGAN's layers: norms that a condition steers, blocks that double an image, attention."""

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Modulation(nn.Module):
    """x * gain + bias, both linear in the condition: a `ConditionalNorm` in eval mode."""

    def __init__(self, gain: nn.Linear, bias: nn.Linear) -> None:
        super().__init__()
        self.gain, self.bias = gain, bias

    @classmethod
    @torch.no_grad()
    def of(cls, gain: nn.Linear, bias: nn.Linear, mean: Tensor, scale: Tensor) -> Self:
        """A norm in one pass over the image: its statistics (C,) join its two maps.

        (x - m) s (1 + G c) + B c = x (s + s G c) + (-m s + (B - m s G) c)
        """
        shift = -mean * scale  # (C,)
        return cls(
            _linear(gain.weight * scale[:, None], scale),
            _linear(bias.weight + gain.weight * shift[:, None], shift),
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.gain(condition), self.bias(condition)  # (n, C) each
        return torch.addcmul(bias[:, :, None, None], x, gain[:, :, None, None])  # (n, C, h, w)


class ConditionalNorm(nn.Module):
    """A norm whose gain and bias are linear in a condition (n, c).

    statistics: norms (n, C, h, w) by itself; batch norm where None.
    """

    def __init__(self, channels: int, condition: int, statistics: nn.Module | None = None) -> None:
        super().__init__()
        self.statistics = statistics or nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Linear(condition, channels, bias=False)
        self.bias = nn.Linear(condition, channels, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = 1.0 + self.gain(condition), self.bias(condition)  # (n, C) each
        normed = self.statistics(x)  # (n, C, h, w)
        return torch.addcmul(bias[:, :, None, None], normed, gain[:, :, None, None])

    def mean_and_scale(self) -> tuple[Tensor, Tensor]:
        """(C,) each: what the statistics take away in eval mode, and multiply by."""
        norm = self.statistics
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        return norm.running_mean, (norm.running_var + norm.eps).rsqrt()

    def folded(self) -> Modulation:
        """The same layer in eval mode, in one pass over the image."""
        return Modulation.of(self.gain, self.bias, *self.mean_and_scale())


class Block(nn.Module):
    """(n, in, h, w) -> (n, out, 2h, 2w): two conditional norms and convolutions, and a bypass."""

    def __init__(self, channels_in: int, channels_out: int, condition: int) -> None:
        super().__init__()
        self.bn1 = ConditionalNorm(channels_in, condition)
        self.bn2 = ConditionalNorm(channels_out, condition)
        self.conv1 = nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(channels_in, channels_out, 3, padding=1)
        )
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.bypass = nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(channels_in, channels_out, 1)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        branch = self.conv1(F.relu(self.bn1(x, condition), inplace=True))  # (n, out, 2h, 2w)
        branch = self.conv2(F.relu(self.bn2(branch, condition), inplace=True))
        return branch + self.bypass(x)


class Attention(nn.Module):
    """Each place of (n, C, h, w) adds what it gathers from all others (Zhang et al., 2019)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.phi = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.o = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, _condition: Tensor) -> Tensor:
        query = self.theta(x).flatten(2).transpose(1, 2)  # (n, hw, C/8)
        key = F.max_pool2d(self.phi(x), 2).flatten(2).transpose(1, 2)  # (n, hw/4, C/8)
        value = F.max_pool2d(self.g(x), 2).flatten(2).transpose(1, 2)  # (n, hw/4, C/2)
        gathered = F.scaled_dot_product_attention(query, key, value, scale=1.0)  # (n, hw, C/2)
        gathered = gathered.transpose(1, 2).unflatten(2, x.shape[2:])  # (n, C/2, h, w)
        return torch.addcmul(x, self.gamma, self.o(gathered))  # (n, C, h, w)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer.requires_grad_(False)
