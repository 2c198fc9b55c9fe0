"""StyleGAN2's layers: convolutions whose weights a style scales, and smooth doubling of images.

Karras et al., CVPR 2020, section 2.2 and appendix B. Instead of weights for each sample, the input
is scaled by the style and the output by the demodulation, which is the same and needs one
convolution for the whole batch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.mapping import GAIN, Dense, activated

FIR = (1.0, 3.0, 3.0, 1.0)  # the low-pass filter of every doubling
TINY = 1e-8  # keeps the demodulation of a style of zeros finite


def low_pass(like: Tensor) -> Tensor:
    """The filter (4, 4) in both dimensions, of sum one."""
    line = torch.tensor(FIR, dtype=like.dtype, device=like.device)  # (4,)
    return torch.outer(line, line) / line.sum() ** 2  # (4, 4)


def filtered(x: Tensor) -> Tensor:
    """(n, C, 2h + 1, 2w + 1) -> (n, C, 2h, 2w): after pixels have been spread out, low-passed."""
    kernel = (4.0 * low_pass(x)).expand(x.shape[1], 1, 4, 4)  # (C, 1, 4, 4)
    return F.conv2d(x, kernel, padding=1, groups=x.shape[1])


def doubled(x: Tensor) -> Tensor:
    """(n, C, h, w) -> (n, C, 2h, 2w): zeros between the pixels, low-passed."""
    kernel = (4.0 * low_pass(x)).expand(x.shape[1], 1, 4, 4)  # (C, 1, 4, 4)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


def clamped(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)


class StyledConv(nn.Module):
    """(n, in, h, w) and w (n, w_dim) -> (n, out, side, side): the style that w gives scales the
    weights, which are then brought to unit length; noise, bias and leaky ReLU follow.

    up: whether side is 2h and not h. gain: of the output, beside that of the leaky ReLU. The noise
    is `noise_const`, the same for all images; only in training it is drawn anew, from torch's own
    stream. clamp: the largest absolute value of the output at a gain of one, or None.
    """

    noise_const: Tensor  # (side, side)

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        w_dim: int,
        side: int,
        *,
        up: bool = False,
        gain: float = 1.0,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.up, self.gain = up, gain
        self.clamp = None if clamp is None else clamp * gain
        self.affine = Dense(w_dim, channels_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, 3, 3))
        self.register_buffer("noise_const", torch.randn(side, side))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(channels_out))

    def noise(self, n: int) -> Tensor:
        """(1 or n, 1, side, side)."""
        if not self.training:
            return self.noise_const * self.noise_strength
        side = self.noise_const.shape[0]
        fresh = torch.randn(n, 1, side, side, device=self.weight.device, dtype=self.weight.dtype)
        return fresh * self.noise_strength

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)  # (n, in)
        squares = self.weight.square().sum(dim=(2, 3))  # (out, in)
        demodulation = (F.linear(style.square(), squares) + TINY).rsqrt()  # (n, out)
        x = x * style[:, :, None, None]  # (n, in, h, w)
        if self.up:
            spread = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = filtered(spread)  # (n, out, 2h, 2w), from (n, out, 2h + 1, 2w + 1)
        else:
            x = F.conv2d(x, self.weight, padding=1)  # (n, out, h, w)
        x = x * demodulation[:, :, None, None] + self.noise(len(w))
        x = activated(x + self.bias[:, None, None], GAIN * self.gain)
        return clamped(x, self.clamp)


class ToRGB(nn.Module):
    """(n, in, h, w) and w (n, w_dim) -> (n, C, h, w): the image that the channels of a size give.

    A 1x1 convolution whose weights the style scales, not demodulated.
    """

    def __init__(
        self, channels_in: int, image_channels: int, w_dim: int, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.affine = Dense(w_dim, channels_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(image_channels, channels_in, 1, 1))
        self.bias = nn.Parameter(torch.zeros(image_channels))
        self.gain, self.clamp = channels_in**-0.5, clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) * self.gain  # (n, in)
        mixed = style[:, None, :] * self.weight.flatten(1)  # (n, C, in)
        image = mixed @ x.flatten(2)  # (n, C, h * w)
        image = image.unflatten(2, x.shape[2:]) + self.bias[:, None, None]  # (n, C, h, w)
        return clamped(image, self.clamp)


class Bypass(nn.Module):
    """(n, in, h, w) -> (n, out, 2h, 2w): what a residual block adds to its convolutions."""

    def __init__(self, channels_in: int, channels_out: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, 1, 1))
        self.gain = gain * channels_in**-0.5

    def forward(self, x: Tensor) -> Tensor:
        return doubled(F.conv2d(x, self.weight * self.gain))  # (n, out, 2h, 2w)
