"""StyleGAN2's discriminator: residual blocks that halve images (Karras et al., CVPR 2020)."""

from math import sqrt

from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.training.progressive import (
    ProgressiveDiscriminator,
    equalised,
    plain_halving,
)


class ResidualHalving(nn.Module):
    """(n, in, h, w) -> (n, out, h/2, w/2), two convolutions beside a linear way past them."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.branch = plain_halving(channels_in, channels_out)
        self.bypass = equalised(nn.Conv2d(channels_in, channels_out, 1, bias=False), gain=1.0)

    def forward(self, x: Tensor) -> Tensor:
        past = self.bypass(F.avg_pool2d(x, 2))  # (n, out, h/2, w/2)
        return (self.branch(x) + past) * sqrt(0.5)  # of the size that each of them has


class ResidualDiscriminator(ProgressiveDiscriminator):
    """D: (n, C, h, w) images of the size that `growth` says -> (n,) scores, high for real."""

    halving = ResidualHalving
