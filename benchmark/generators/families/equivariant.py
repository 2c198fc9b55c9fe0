"""StyleGAN3's synthesis: Fourier features, and layers that filter what their leaky ReLU makes."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.families.alias_free import (
    CRITICAL,
    TAPS,
    Band,
    bands,
    filtered_leaky_relu,
    jinc_filter,
    sinc_filter,
)
from benchmark.generators.families.mapping import Dense
from benchmark.generators.families.modulation import TINY, ToRGB

Variant = Literal["t", "r"]


class FourierFeatures(nn.Module):
    """w (n, w_dim) -> (n, C, size, size): C mixtures of C waves, turned and shifted as w says.

    transform: (3, 3), a motion of the whole image, its inverse in sides of the image. A turn or
    scale that lifts a wave's frequency beyond the band takes it out.
    """

    transform: Tensor
    freqs: Tensor  # (C, 2), of x and y
    phases: Tensor  # (C,), in turns

    def __init__(self, w_dim: int, channels: int, band: Band) -> None:
        super().__init__()
        self.band = band
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = Dense(w_dim, 4)  # cosine and sine of the turn, shift in x and y
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias[0] = 1.0
        freqs = torch.randn(channels, 2)
        radii = freqs.norm(dim=1, keepdim=True)  # (C, 1)
        freqs = freqs / (radii * radii.square().exp().pow(0.25))  # within the disc of radius one
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", freqs * band.cutoff)
        self.register_buffer("phases", torch.rand(channels) - 0.5)

    def forward(self, w: Tensor) -> Tensor:
        freqs, phases = self._moved(self.affine(w))
        size, rate, cutoff = self.band.size, self.band.rate, self.band.cutoff
        pixels = torch.arange(size, dtype=w.dtype, device=w.device)  # (size,)
        place = (pixels - (size - 1) / 2) / rate  # (size,), in sides
        along_x = place[:, None] * freqs[:, None, :, 0]  # (n, size, C)
        along_y = place[:, None] * freqs[:, None, :, 1]  # (n, size, C)
        turns = along_y[:, :, None] + along_x[:, None] + phases[:, None, None]  # (n, h, w, C)
        beyond = (freqs.norm(dim=2) - cutoff) / (rate / 2 - cutoff)  # (n, C)
        strength = (1.0 - beyond).clamp(0.0, 1.0)  # (n, C)
        waves = torch.sin(2 * math.pi * turns) * strength[:, None, None]  # (n, h, w, C)
        mixed = waves @ self.weight.T / len(self.weight) ** 0.5  # (n, h, w, C)
        return mixed.permute(0, 3, 1, 2)  # (n, C, h, w)

    def _moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies (n, C, 2) and phases (n, C) of the waves after a motion (n, 4) of each."""
        motion = motion / motion[:, :2].norm(dim=1, keepdim=True)  # (n, 4)
        cosine, sine, x, y = motion.unbind(1)  # (n,) each
        turn = torch.stack([cosine, -sine, sine, cosine], dim=1).unflatten(1, (2, 2))  # (n, 2, 2)
        shift = self.transform[:2, 2] - torch.stack([x, y], dim=1)  # (n, 2)
        freqs = self.freqs @ turn  # (n, C, 2)
        phases = self.phases + (freqs @ shift[:, :, None]).squeeze(2)  # (n, C)
        return freqs @ self.transform[:2, :2], phases


class Layer(nn.Module):
    """(n, in, h, h) and w (n, w_dim) -> (n, out, size, size) in the band `after`.

    A convolution whose weights the style scales, brought to unit length, and a leaky ReLU without
    aliasing. magnitude_ema: the mean square of x, measured in training, which is divided out.
    """

    magnitude_ema: Tensor  # ()
    up_filter: Tensor  # (taps,)
    down_filter: Tensor  # (taps,), or (taps, taps) where radial

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        w_dim: int,
        before: Band,
        after: Band,
        *,
        kernel: int,
        radial: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.affine = Dense(w_dim, channels_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.register_buffer("magnitude_ema", torch.ones(()))
        rate = 2 * max(before.rate, after.rate)  # at which the leaky ReLU is applied
        self.factors = up, down = rate // before.rate, rate // after.rate
        self.size, self.clamp = after.size, clamp
        shape = jinc_filter if radial else sinc_filter
        self.register_buffer("up_filter", sinc_filter(before, TAPS * up, rate), persistent=False)
        self.register_buffer("down_filter", shape(after, TAPS * down, rate), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)  # (n, in)
        squares = self.weight.square().sum(dim=(2, 3))  # (out, in)
        energy = F.linear(style.square(), squares)  # (n, out)
        means = self.weight.square().mean(dim=(1, 2, 3)), style.square().mean(dim=1, keepdim=True)
        scale = (self.magnitude_ema * (energy + TINY * means[0] * means[1])).rsqrt()  # (n, out)
        x = x * style[:, :, None, None]  # (n, in, h, h)
        x = F.conv2d(x, self.weight, padding=self.weight.shape[2] - 1)  # larger by kernel - 1
        x = torch.addcmul(self.bias[:, None, None], x, scale[:, :, None, None])
        return filtered_leaky_relu(
            x, self.up_filter, self.down_filter, self.factors, self.size, self.clamp
        )  # (n, out, size, size)


class ToImage(ToRGB):
    """The last layer: `ToRGB` of channels brought to a mean square of one."""

    magnitude_ema: Tensor  # ()

    def __init__(
        self, channels_in: int, image_channels: int, w_dim: int, clamp: float | None
    ) -> None:
        super().__init__(channels_in, image_channels, w_dim, clamp)
        self.register_buffer("magnitude_ema", torch.ones(()))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return super().forward(x * self.magnitude_ema.rsqrt(), w)  # (n, C, side, side)


class Synthesis(nn.Module):
    """ws (n, layers + 2, w_dim) -> images (n, C, side, side), not clamped.

    The first w moves the Fourier features, and each other one is for a layer.
    """

    def __init__(
        self,
        side: int,
        channels: Sequence[int],
        w_dim: int,
        image_channels: int,
        variant: Variant,
        output_scale: float,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.output_scale = output_scale
        *inner, last = bands(side, len(channels))
        self.input = FourierFeatures(w_dim, channels[0], inner[0])
        self.layers: list[str] = []
        widths = pairwise([channels[0], *channels])
        between = pairwise([inner[0], *inner])
        for i, ((a, b), (before, after)) in enumerate(zip(widths, between, strict=True)):
            layer = Layer(
                a,
                b,
                w_dim,
                before,
                after,
                kernel=1 if variant == "r" else 3,
                radial=variant == "r" and i < len(channels) - CRITICAL,
                clamp=clamp,
            )
            self._append(layer, after, b)
        self._append(ToImage(channels[-1], image_channels, w_dim, clamp), last, image_channels)

    def _append(self, layer: nn.Module, band: Band, channels: int) -> None:
        self.layers.append(f"L{len(self.layers)}_{band.size}_{channels}")
        self.add_module(self.layers[-1], layer)

    def forward(self, ws: Tensor) -> Tensor:
        first, *each = ws.unbind(dim=1)
        x = self.input(first)  # (n, C, size, size)
        for name, w in zip(self.layers, each, strict=True):
            x = self.get_submodule(name)(x, w)  # (n, C of the layer, its size, its size)
        return x * self.output_scale  # (n, C, side, side)
