"""The low-pass filter with which StyleGAN2 doubles images and the channels of its layers.

Karras et al., CVPR 2019, appendix C: 1, 3, 3, 1 in both dimensions, after zeros between the pixels.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def low_pass(like: Tensor) -> Tensor:
    """The filter (4, 4) in both dimensions, of sum one, of the type and on the device of `like`."""
    line = torch.ones(4, dtype=like.dtype, device=like.device)  # (4,)
    line[1:3] = 3.0  # a list of the four would be copied to a card, which waits
    return torch.outer(line, line) / line.sum() ** 2  # (4, 4)


def filtered(x: Tensor, padding: int = 1) -> Tensor:
    """(n, C, h, w) -> (n, C, h + 2 padding - 3, w + 2 padding - 3), low-passed, four times as
    large: the zeros between the pixels take three quarters away.
    """
    return F.conv2d(x, _of_each_channel(x), padding=padding, groups=x.shape[1])


def doubled(x: Tensor) -> Tensor:
    """(n, C, h, w) -> (n, C, 2h, 2w): zeros between the pixels, low-passed."""
    return F.conv_transpose2d(x, _of_each_channel(x), stride=2, padding=1, groups=x.shape[1])


def _of_each_channel(x: Tensor) -> Tensor:
    return (4.0 * low_pass(x)).expand(x.shape[1], 1, 4, 4)  # (C, 1, 4, 4)
