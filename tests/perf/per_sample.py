"""StyleGAN2's convolutions as published: weights for each sample, one group a sample."""

import copy

from torch import Tensor
from torch.nn import functional as F

from benchmark.generators.families.mapping import SLOPE
from benchmark.generators.families.modulation import TINY, StyledConv
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.fast.low_pass import filtered


class PerSampleConv(StyledConv):
    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        n, _, side, _ = x.shape
        weight = self.weight * self.affine(w)[:, None, :, None, None]  # (n, out, in, 3, 3)
        lengths = weight.square().sum(dim=(2, 3, 4), keepdim=True) + TINY  # (n, out, 1, 1, 1)
        weight = weight * lengths.rsqrt()
        x = x.reshape(1, -1, side, side)  # (1, n * in, h, w)
        if self.up:
            kernels = weight.transpose(1, 2).flatten(0, 1)  # (n * in, out, 3, 3)
            x = filtered(F.conv_transpose2d(x, kernels, stride=2, groups=n))
        else:
            x = F.conv2d(x, weight.flatten(0, 1), padding=1, groups=n)
        x = x.unflatten(1, (n, -1)).squeeze(0)  # (n, out, side, side)
        return F.leaky_relu(x + self.noise(n) + self.bias[:, None, None], SLOPE) * self.gain


def per_sample(generator: StyleGAN2) -> StyleGAN2:
    """The same generator, without a clamp, in the published form."""
    copied = copy.deepcopy(generator)
    for layer in copied.modules():
        if isinstance(layer, StyledConv):
            layer.__class__ = PerSampleConv
    return copied
