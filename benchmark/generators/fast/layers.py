"""Cheaper forms of layers, exact up to rounding, for trained generators and for their training."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DoubledSum(nn.Module):
    """branch(x) + nearest x2 of x, without making that larger image first.

    branch: (n, C, h, w) -> (n, C, 2h, 2w), a tensor whose maker does not need it again.
    """

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = AddDoubled.apply(self.branch(x), x)  # type: ignore[no-untyped-call]
        return total  # (n, C, 2h, 2w)


class AddDoubled(torch.autograd.Function):
    """y += nearest x2 of x, in place."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        cells = y.unflatten(3, (width, 2)).unflatten(2, (height, 2))  # (n, C, h, 2, w, 2), a view
        cells += x[:, :, :, None, :, None]  # (n, C, h, 1, w, 1): every pixel to its four
        ctx.mark_dirty(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return grad, F.avg_pool2d(grad, 2, divisor_override=1)  # (n, C, h, w): sum of the four


class ToImage(nn.Module):
    """A 3x3 convolution from many channels to an image's few, as three maps for each of those, one
    per row of the kernel, and their sum with the rows in place.

    A convolution computes 16 channels at a time and throws away what an image has no use for; three
    times as many channels and a third of the kernel waste less.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        rows = conv.weight.permute(2, 0, 1, 3).flatten(0, 1)  # (3 * out, in, 3)
        self.weight = frozen(rows[:, :, None])  # (3 * out, in, 1, 3)
        self.bias = None
        if conv.bias is not None:  # once, with the middle row
            self.bias = frozen(F.pad(conv.bias, (conv.out_channels, conv.out_channels)))

    def forward(self, x: Tensor) -> Tensor:
        maps = F.conv2d(x, self.weight, self.bias, padding=(0, 1))  # (n, 3 * out, h, w)
        above, here, below = maps.chunk(3, dim=1)  # (n, out, h, w) each
        image = here.contiguous()
        image[:, :, 1:] += above[:, :, :-1]
        image[:, :, :-1] += below[:, :, 1:]
        return image


def scaled(conv: nn.Conv2d, scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """One convolution that equals `conv(x) * scale + shift`, both (out,)."""
    folded = copy.deepcopy(conv)
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    folded.weight = frozen(conv.weight * scale[:, None, None, None])  # (out, in, k, k)
    folded.bias = frozen(bias * scale + shift)  # (out,)
    return folded


def frozen(value: Tensor) -> nn.Parameter:
    """A copy of `value` as a weight that does not learn."""
    return nn.Parameter(value.detach().clone(), requires_grad=False)


def doubling(weight: Tensor) -> Tensor:
    """(out, in, 3, 3) -> (in, out, 4, 4): nearest x2 and then a convolution of padding 1 with
    `weight` is one transposed convolution of stride 2 and padding 1 with this.
    """
    return spread(weight).flip(2, 3).transpose(0, 1)


def spread(weight: Tensor) -> Tensor:
    """(a, b, 3, 3) -> (a, b, 4, 4): each tap added to all four places that two pixels give it."""
    return F.avg_pool2d(F.pad(weight, (1, 1, 1, 1)), 2, stride=1, divisor_override=1)
