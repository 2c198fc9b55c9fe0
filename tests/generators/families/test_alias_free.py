"""Bands and filters: the printed sizes, responses, and the nonlinearity step by step."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d, upfirdn

from benchmark.core.seeds import stream
from benchmark.generators.families.alias_free import (
    Band,
    bands,
    filtered_leaky_relu,
    jinc_filter,
    sinc_filter,
)

BAND = Band(cutoff=11.0, half_width=4.0, rate=32, size=52)
RATE = 64  # the filters' own


def response(filter_: np.ndarray, at: np.ndarray) -> np.ndarray:
    """What is left of waves of these frequencies (f, 2), in cycles per side of the image."""
    place = (np.arange(len(filter_)) - (len(filter_) - 1) / 2) / RATE  # (taps,)
    waves = np.cos(2 * np.pi * (at[:, :1, None] * place[:, None] + at[:, 1:, None] * place))
    return (waves * filter_).sum(axis=(1, 2))


def along(angle: float, frequencies: list[float]) -> np.ndarray:
    return np.array(frequencies)[:, None] * [np.cos(angle), np.sin(angle)]


@pytest.mark.parametrize("side", [16, 64, 1024])
def test_bands_hold_what_the_paper_says(side: int) -> None:
    found = bands(side, 14)
    assert len(found) == 15
    assert (found[0].cutoff, found[0].rate) == (2.0, 16)
    for band in found[-3:]:  # critical: nothing of the rate is left unused
        assert (band.cutoff, band.rate) == (side / 2, side)
    assert [band.size for band in found[-2:]] == [side, side]
    for band in found[:-2]:
        assert band.size == band.rate + 20
        assert band.cutoff + band.half_width >= band.rate / 2
    ratios = [b.cutoff / a.cutoff for a, b in pairwise(found[:13])]
    np.testing.assert_allclose(ratios, (side / 4) ** (1 / 12))


def test_the_sizes_at_1024_pixels_are_the_published() -> None:
    sizes = [band.size for band in bands(1024, 14)]
    assert sizes == [36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024]


@pytest.mark.parametrize(("side", "layers"), [(8, 14), (48, 14), (0, 14), (64, 2)])
def test_impossible_sizes_are_refused(side: int, layers: int) -> None:
    with pytest.raises(ValueError, match="a StyleGAN3"):
        bands(side, layers)


def test_a_filter_is_a_windowed_sinc() -> None:
    taps = 12
    attenuation = 2.285 * (taps - 1) * np.pi * (2 * BAND.half_width / (RATE / 2)) + 7.95
    beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)  # Kaiser's formula
    place = np.arange(taps) - (taps - 1) / 2
    line = np.sinc(2 * BAND.cutoff * place / RATE) * np.kaiser(taps, beta)
    found = sinc_filter(BAND, taps, RATE)
    assert 21 < attenuation < 50
    np.testing.assert_allclose(found.numpy(), line / line.sum(), rtol=0, atol=1e-7)


def test_filters_keep_their_band_and_stop_what_lies_beyond() -> None:
    line = sinc_filter(BAND, 24, RATE).numpy()
    square = np.outer(line, line)
    kept, half, stopped = response(square, along(0.0, [1.0, BAND.cutoff, 2 * BAND.cutoff]))
    assert kept == pytest.approx(1.0, abs=0.01)
    assert half == pytest.approx(0.5, abs=0.02)
    assert abs(stopped) < 0.02
    # Along the diagonal, a product of two lines reaches further than its band.
    (beyond,) = response(square, along(np.pi / 4, [1.2 * BAND.cutoff]))
    assert beyond > 0.4


def test_a_radial_filter_is_the_same_in_all_directions() -> None:
    square = jinc_filter(BAND, 24, RATE).numpy()
    assert square.sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(square, square.T)
    frequencies = [3.0, 6.0, BAND.cutoff, 1.2 * BAND.cutoff, 2 * BAND.cutoff]
    straight = response(square, along(0.0, frequencies))
    for angle in (np.pi / 8, np.pi / 4):
        np.testing.assert_allclose(response(square, along(angle, frequencies)), straight, atol=0.01)
    assert straight[0] == pytest.approx(1.0, abs=0.01)
    assert straight[2] == pytest.approx(0.5, abs=0.05)
    assert abs(straight[-1]) < 0.01


def spread_by_hand(x: np.ndarray, line: np.ndarray, factor: int) -> np.ndarray:
    """Zeros between the samples of one line, and the full convolution as two loops."""
    zeros = np.zeros((len(x) - 1) * factor + 1)
    zeros[::factor] = x
    found = np.zeros(len(zeros) + len(line) - 1)
    for i, value in enumerate(zeros):
        for j, weight in enumerate(line):
            found[i + j] += value * weight * factor
    return found


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(
    ("side", "factors", "size"), [(7, (2, 2), 7), (9, (2, 2), 7), (7, (4, 2), 12)]
)
def test_the_nonlinearity_step_by_step(
    radial: bool, side: int, factors: tuple[int, int], size: int
) -> None:
    rng = stream("step by step")
    x = torch.randn(2, 3, side, side, generator=rng, dtype=torch.float64)
    up = torch.rand(6 * factors[0], generator=rng, dtype=torch.float64) / factors[0]
    shape = (12, 12) if radial else (12,)
    down = torch.randn(shape, generator=rng, dtype=torch.float64)
    found = filtered_leaky_relu(x.clone(), up, down, factors, size, 3.0)
    assert found.shape == (2, 3, size, size)
    line, kernel = up.numpy(), down.numpy() if radial else np.outer(down, down)
    clamped = 0
    for one in range(2):
        for channel in range(3):
            image = x[one, channel].numpy()
            wide = np.array([spread_by_hand(row, line, factors[0]) for row in image])
            tall = upfirdn(line * factors[0], wide, up=factors[0], axis=0)  # scipy's, all of it
            between = (size - 1) * factors[1] + 12
            cut = (len(tall) - between) // 2
            assert len(tall) == between + 2 * cut  # both grids have one centre
            inside = tall[cut : cut + between, cut : cut + between]
            active = np.where(inside < 0, 0.2 * inside, inside) * np.sqrt(2)
            clamped += int((abs(active) > 3.0).sum())
            smooth = convolve2d(np.clip(active, -3.0, 3.0), kernel[::-1, ::-1], mode="valid")
            expected = smooth[:: factors[1], :: factors[1]]
            np.testing.assert_allclose(found[one, channel].numpy(), expected, rtol=0, atol=1e-12)
    assert clamped > 0


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(("factors", "size"), [((2, 2), 3), ((4, 2), 7)])
def test_its_gradient_is_that_of_small_steps(
    radial: bool, factors: tuple[int, int], size: int
) -> None:
    rng = stream("small steps")
    x = torch.randn(2, 2, 4, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    up = torch.rand(6 * factors[0], generator=rng, dtype=torch.float64)
    shape = (12, 12) if radial else (12,)
    down = torch.randn(shape, generator=rng, dtype=torch.float64)
    for clamp in (None, 1.0):
        assert torch.autograd.gradcheck(
            lambda x, clamp=clamp: filtered_leaky_relu(x, up, down, factors, size, clamp), (x,)
        )
