"""A StyleGAN2 in training: it grows as a ProgGAN does, and it has no noise.

Growing is not the paper's. A skip generator's image is the sum of one image a size, so it may end
after any of them, and most of what it learns it learns on small images, which cost little. Noise is
meant for the detail of large images; small ones learned to draw mouths and eyes from it, and held
constant it left its dots on every face.
"""

from math import ceil, floor
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.base import Latents
from benchmark.generators.families.mapping import GAIN
from benchmark.generators.families.modulation import TINY, StyledConv, ToRGB
from benchmark.generators.families.stylegan2 import Block, StyleGAN2
from benchmark.generators.fast.low_pass import doubled, filtered
from benchmark.generators.fast.styled import SLOPE
from benchmark.generators.training import growing
from benchmark.generators.training.game import GanConfig
from benchmark.generators.training.growing import GrowingGame
from benchmark.generators.training.residual_discriminator import ResidualDiscriminator

W_SAMPLES = 16_384  # latents whose mean w is that of a finished generator


class GrowingStyles(nn.Module):
    """The sizes of a skip `generator` up to `growth`, with its weights.

    The same computation where the noise has no strength, made for bfloat16: maps stay in it, what
    is small does not enter it.
    """

    def __init__(self, generator: StyleGAN2) -> None:
        super().__init__()
        self.generator = generator
        self.growth = float(len(generator.channels) - 1)

    def forward(self, latents: Latents) -> Tensor:
        with torch.autocast(latents.point.device.type, enabled=False):
            w = self.generator.map(latents.point, latents.labels)  # (n, w)
        size = ceil(self.growth)
        synthesis = self.generator.synthesis
        first, *others = [
            cast(Block, synthesis.get_submodule(f"b{side}")) for side in synthesis.sides[: size + 1]
        ]
        x = self.convolved(first.conv1, first.const.expand(len(w), -1, -1, -1), w)  # (n, C, 4, 4)
        image = smaller = shown(first.torgb, x, w)  # (n, c, 4, 4)
        for block in others:
            assert block.conv0 is not None, "only the first size has one convolution"
            x = self.convolved(block.conv0, x, w)  # (n, C, 2h, 2w)
            x = self.convolved(block.conv1, x, w)  # (n, C, 2h, 2w)
            smaller = image
            image = doubled(smaller) + shown(block.torgb, x, w)  # (n, c, 2h, 2w)
        if size == self.growth:
            return image
        return growing.doubled(smaller).lerp(image, self.growth + 1.0 - size)

    def convolved(self, layer: StyledConv, x: Tensor, w: Tensor) -> Tensor:
        """`layer` without its noise, on x (n, in, h, w) and w (n, w_dim): (n, out, side, side)."""
        with torch.autocast(x.device.type, enabled=False):
            style = layer.affine(w)  # (n, in)
            squares = layer.weight.square().sum(dim=(2, 3))  # (out, in)
            scale = GAIN * (style.square() @ squares.T + TINY).rsqrt()  # (n, out)
            bias = GAIN * layer.bias[:, None, None]  # (out, 1, 1)
        x = x * style[:, :, None, None].to(x.dtype)  # (n, in, h, w)
        if layer.up:
            x = filtered(F.conv_transpose2d(x, layer.weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, layer.weight, padding=1)  # (n, out, h, w)
        x = torch.addcmul(bias.to(x.dtype), x, scale[:, :, None, None].to(x.dtype))
        return F.leaky_relu(x, SLOPE, inplace=True)  # (n, out, side, side)

    def grown(self) -> StyleGAN2:
        """A generator by itself, of the largest size that has faded in."""
        whole, size = self.generator, floor(self.growth)
        settings: dict[str, Any] = whole.architecture()
        settings["side"] = whole.synthesis.sides[size]
        settings["channels"] = whole.channels[: size + 1]
        part = StyleGAN2(**settings)
        state = whole.state_dict()
        part.load_state_dict({name: state[name] for name in part.state_dict()})
        return part.to(next(whole.parameters()).device)


class StyleGame(GrowingGame):
    """The logistic game with a gradient penalty of a StyleGAN2 that grows, against a residual
    discriminator that grows with it (Karras et al., CVPR 2020).

    Without what needs more steps than a small training has: no path lengths, no mixing of styles.
    """

    generator: StyleGAN2

    def player(self) -> nn.Module:
        return GrowingStyles(self.generator)

    def critic(self, width: int) -> nn.Module:
        channels, _, _ = self.generator.image_shape
        return ResidualDiscriminator(channels, self.generator.channels)

    def alone(self, player: nn.Module) -> StyleGAN2:
        """The generator of the largest size that has faded in, its mean w measured anew."""
        generator = cast(GrowingStyles, player).grown()
        generator.w_avg.copy_(mean_w(generator))
        return generator

    def words(self, config: GanConfig) -> str:
        return "logistic loss, no noise, growing from 8 x 8 pixels with a residual discriminator"


@torch.no_grad()
def mean_w(generator: StyleGAN2) -> Tensor:
    """(w_dim,): the mean of w over many latents, always the same."""
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(W_SAMPLES, generator.z_dim, generator=rng).to(generator.w_avg)  # (m, z_dim)
    return generator.map(z, None).double().mean(dim=0)  # (w_dim,)


def shown(layer: ToRGB | None, x: Tensor, w: Tensor) -> Tensor:
    """What a size adds to the image, in full precision: (n, in, h, w) -> (n, c, h, w)."""
    assert layer is not None, "a skip generator has one of every size"
    with torch.autocast(x.device.type, enabled=False):
        style = layer.affine(w) * layer.gain  # (n, in)
    image = F.conv2d(x * style[:, :, None, None].to(x.dtype), layer.weight)  # (n, c, h, w)
    return image.to(w.dtype) + layer.bias[:, None, None]
