"""What keeps StyleGAN3 free of aliasing: the band of each feature map, and filters that hold it.

Karras et al., NeurIPS 2021, section 3 and appendix C. A leaky ReLU makes frequencies that a feature
map cannot hold; so it is applied at a higher rate, and what is too high is filtered away before the
map goes back to its own. Rates and frequencies are in samples and cycles per side of the image.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.generators.families.mapping import GAIN
from benchmark.generators.fast.styled import SLOPE

FIRST_CUTOFF, FIRST_STOPBAND = 2.0, 2.0**2.1  # of the Fourier features
LAST_STOPBAND = 2.0**0.3  # of the image, in units of its cutoff
CRITICAL = 2  # last layers that use all frequencies of their rate, for sharp images
MARGIN = 10  # samples beyond each edge, so that filters do not see where the map ends
TAPS = 6  # a filter's length in samples of the lower rate


@dataclass(frozen=True)
class Band:
    """A feature map of `size` x `size` samples, `rate` of them to the side of the image.

    It holds frequencies up to `cutoff`, fading out until cutoff + half_width.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int


def bands(side: int, layers: int) -> tuple[Band, ...]:
    """The bands after each of `layers` layers, and of the image (n, C, side, side) last.

    Cutoffs grow geometrically, except over the critical layers; the Fourier features have the
    first layer's band. Raises ValueError for a side that is no power of two from 16, and for too
    few layers.
    """
    if side < 16 or side & (side - 1):
        raise ValueError(f"a StyleGAN3 makes images of 16, 32, 64, ... pixels, not {side}")
    if layers <= CRITICAL:
        raise ValueError(f"a StyleGAN3 has more than {CRITICAL} layers, not {layers}")
    grown = np.minimum(np.arange(layers + 1) / (layers - CRITICAL), 1.0)  # (layers + 1,), 0 to 1
    last = side / 2
    cutoffs = FIRST_CUTOFF * (last / FIRST_CUTOFF) ** grown
    stopbands = FIRST_STOPBAND * (last * LAST_STOPBAND / FIRST_STOPBAND) ** grown
    rates = np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands, side))))
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sizes = rates + 2 * MARGIN
    sizes[-2:] = side  # neither the image nor the layer before it has margins
    return tuple(
        Band(float(cutoff), float(half_width), int(rate), int(size))
        for cutoff, half_width, rate, size in zip(cutoffs, half_widths, rates, sizes, strict=True)
    )


def sinc_filter(band: Band, taps: int, rate: int) -> Tensor:
    """The filter (taps,) at `rate` that keeps `band`: a sinc in a Kaiser window, of sum one."""
    from scipy.signal import firwin

    line = firwin(taps, band.cutoff, width=2 * band.half_width, fs=rate)  # (taps,)
    return torch.tensor(line, dtype=torch.float32)


def jinc_filter(band: Band, taps: int, rate: int) -> Tensor:
    """The same in all directions, (taps, taps): a jinc in a Kaiser window; taps is even."""
    from scipy.signal import kaiser_atten, kaiser_beta
    from scipy.special import j1

    line = (np.arange(taps) - (taps - 1) / 2) / rate  # (taps,), in sides of the image
    radius = np.hypot(line[:, None], line)  # (taps, taps), nowhere 0
    jinc = j1(2 * np.pi * band.cutoff * radius) / radius
    beta = kaiser_beta(kaiser_atten(taps, 2 * band.half_width / (rate / 2)))
    square = jinc * np.outer(window := np.kaiser(taps, beta), window)  # (taps, taps)
    return torch.tensor(square / square.sum(), dtype=torch.float32)


def filtered_leaky_relu(
    x: Tensor, up: Tensor, down: Tensor, factors: tuple[int, int], size: int, clamp: float | None
) -> Tensor:
    """(n, C, h, h) -> (n, C, size, size): the leaky ReLU at a higher rate, `factors[0]` times that
    of x and `factors[1]` times that of the result, both centred alike.

    up: the filter (taps,) that follows the zeros between the samples of x. down: the one before
    samples are left out, (taps,), or (taps, taps) where it is no product of two lines. clamp: the
    largest absolute value at the higher rate, or None. The filters have no gradient.
    """
    y: Tensor = Filtered.apply(x, up, down, factors, size, clamp)  # type: ignore[no-untyped-call]
    return y


class Filtered(torch.autograd.Function):
    """`filtered_leaky_relu`, which keeps x alone for its gradient: the samples at the higher rate
    are made once more, where autograd would keep a dozen times as many values.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        up: Tensor,
        down: Tensor,
        factors: tuple[int, int],
        size: int,
        clamp: float | None,
    ) -> Tensor:
        longer, shorter = factors
        between = (size - 1) * shorter + len(down)  # samples at the higher rate
        cut = ((x.shape[2] - 1) * longer + len(up) - between) // 2  # at each end
        up = up * longer * GAIN**0.5  # in both dimensions, what zeros and the leaky ReLU take away
        ctx.save_for_backward(x, up, down)
        ctx.settings = longer, shorter, cut, clamp
        y = F.leaky_relu_(spread(x, up, longer, cut), SLOPE)  # (n, C, between, between)
        if clamp is not None:
            y.clamp_(-clamp, clamp)
        return gathered(y, down, shorter)  # (n, C, size, size)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, up, down = ctx.saved_tensors
        longer, shorter, cut, clamp = ctx.settings
        before = spread(x, up, longer, cut)  # (n, C, between, between)
        grad = spread(grad.contiguous(memory_format=torch.channels_last), down, shorter)  # as that
        if clamp is not None:  # as seen before the leaky ReLU
            grad = torch.ops.aten.hardtanh_backward(grad, before, -clamp / SLOPE, clamp)
        grad = torch.ops.aten.leaky_relu_backward(grad, before, SLOPE, False)
        return gathered(grad, up, longer, cut), None, None, None, None, None  # (n, C, h, h)


def spread(x: Tensor, kernel: Tensor, step: int, cut: int = 0) -> Tensor:
    """Each sample of x (n, C, h, h) times the kernel, (taps,) or (taps, taps), `step` samples from
    the next one, added up, without the first and last `cut`. The transpose of `gathered`.
    """
    channels = x.shape[1]
    if kernel.ndim == 2:
        square = kernel.expand(channels, 1, -1, -1)  # (C, 1, taps, taps)
        return F.conv_transpose2d(x, square, stride=step, padding=cut, groups=channels)
    line = kernel.expand(channels, 1, 1, -1)  # (C, 1, 1, taps)
    x = F.conv_transpose2d(x, line.mT, stride=(step, 1), padding=(cut, 0), groups=channels)
    return F.conv_transpose2d(x, line, stride=(1, step), padding=(0, cut), groups=channels)


def gathered(x: Tensor, kernel: Tensor, step: int, cut: int = 0) -> Tensor:
    """Of x (n, C, h, h), with `cut` zeros around it, sums weighted by the kernel, (taps,) or
    (taps, taps), at every `step` samples.
    """
    channels = x.shape[1]
    if kernel.ndim == 2:
        square = kernel.expand(channels, 1, -1, -1)  # (C, 1, taps, taps)
        return F.conv2d(x, square, stride=step, padding=cut, groups=channels)
    line = kernel.expand(channels, 1, 1, -1)  # (C, 1, 1, taps)
    x = F.conv2d(x, line.mT, stride=(step, 1), padding=(cut, 0), groups=channels)
    return F.conv2d(x, line, stride=(1, step), padding=(0, cut), groups=channels)
