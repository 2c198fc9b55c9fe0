"""StyleGAN2's layers: convolutions whose weights a style scales, and smooth doubling of images.

Karras et al., CVPR 2020, section 2.2 and appendix B. Instead of weights for each sample, the input
is scaled by the style and the output by the demodulation, which is the same and needs one
convolution for the whole batch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.families.mapping import GAIN, Dense
from benchmark.generators.fast.low_pass import doubled, filtered
from benchmark.generators.fast.styled import SLOPE, FrozenStyledConv

TINY = 1e-8  # keeps the demodulation of a style of zeros finite


def clamped(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)


class StyledConv(nn.Module):
    """(n, in, h, w) and w (n, w_dim) -> (n, out, side, side): the style that w gives scales the
    weights, which are then brought to unit length; noise, bias and leaky ReLU follow.

    up: whether side is 2h and not h. gain: of the output, beside that of the leaky ReLU. The noise
    is `noise_const`, the same for all images; only in training it is drawn anew, from torch's own
    stream. clamp: the largest absolute value of the output at a gain of one, or None. step: every
    how many pixels one is made, without `up`.
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
        self.up, self.gain, self.step = up, GAIN * gain, 1
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
            x = F.conv2d(x, self.weight, padding=1, stride=self.step)  # (n, out, h, w)
        x = x * (demodulation * self.gain)[:, :, None, None]
        x += self.noise(len(w))[..., :: self.step, :: self.step] * self.gain
        x += self.bias[:, None, None] * self.gain
        x = F.leaky_relu(x, SLOPE, inplace=True)
        return clamped(x, self.clamp)

    def folded(self) -> nn.Module:
        """The same layer with weights that do not learn."""
        return FrozenStyledConv(
            self.affine,
            self.weight,
            (self.noise_const * self.noise_strength)[:: self.step, :: self.step],
            self.bias,
            up=self.up,
            step=self.step,
            gain=self.gain,
            tiny=TINY,
            clamp=self.clamp,
        )


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
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # (n, h * w, in)
        image = torch.baddbmm(self.bias, pixels, mixed.transpose(1, 2))  # (n, h * w, C)
        image = image.transpose(1, 2).unflatten(2, x.shape[2:])  # (n, C, h, w)
        return clamped(image, self.clamp)


class Bypass(nn.Module):
    """(n, in, h, w) -> (n, out, 2h, 2w): what a residual block adds to its convolutions."""

    def __init__(self, channels_in: int, channels_out: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, 1, 1))
        self.gain = gain * channels_in**-0.5

    def forward(self, x: Tensor) -> Tensor:
        return doubled(F.conv2d(x, self.weight * self.gain))  # (n, out, 2h, 2w)
