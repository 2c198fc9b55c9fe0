"""What keeps StyleGAN3 free of aliasing: the band of each feature map, and filters that hold it.

Karras et al., NeurIPS 2021, section 3 and appendix C. A leaky ReLU makes frequencies that a feature
map cannot hold; so it is applied at a higher rate, and what is too high is filtered away before the
map goes back to its own. Rates and frequencies are in samples and cycles per side of the image.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.generators.mapping import GAIN, SLOPE

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
    largest absolute value at the higher rate, or None.
    """
    channels, longer, shorter = x.shape[1], *factors
    between = (size - 1) * shorter + len(down)  # samples at the higher rate
    spread = (x.shape[2] - 1) * longer + len(up)
    cut = (spread - between) // 2  # at each end
    line = (up * longer * GAIN**0.5).expand(channels, 1, 1, -1)  # (C, 1, 1, taps)
    x = F.conv_transpose2d(x, line.mT, stride=(longer, 1), padding=(cut, 0), groups=channels)
    x = F.conv_transpose2d(x, line, stride=(1, longer), padding=(0, cut), groups=channels)
    x = F.leaky_relu(x, SLOPE, inplace=True)  # (n, C, between, between), its gain in the filter
    if clamp is not None:
        x = x.clamp(-clamp, clamp)
    if down.ndim == 2:
        square = down.expand(channels, 1, -1, -1)  # (C, 1, taps, taps)
        return F.conv2d(x, square, stride=shorter, groups=channels)
    line = down.expand(channels, 1, 1, -1)  # (C, 1, 1, taps)
    x = F.conv2d(x, line.mT, stride=(shorter, 1), groups=channels)
    return F.conv2d(x, line, stride=(1, shorter), groups=channels)
