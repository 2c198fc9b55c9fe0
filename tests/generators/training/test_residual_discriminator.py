"""StyleGAN2's discriminator: shapes, the block worked out by hand, sizes that fade in."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from benchmark.generators.training.residual_discriminator import (
    ResidualDiscriminator,
    ResidualHalving,
)


@pytest.mark.parametrize("channels", [(8, 8), (8, 6, 4, 2)])
def test_one_score_an_image(channels: tuple[int, ...]) -> None:
    side = 4 * 2 ** (len(channels) - 1)
    critic = ResidualDiscriminator(3, channels)
    assert critic(torch.randn(8, 3, side, side)).shape == (8,)


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(in, h, w), (out, in, k, k), (out,) -> (out, h, w), with zeros around."""
    maps = [
        sum(correlate(plane, taps, mode="same") for plane, taps in zip(x, kernel, strict=True))
        for kernel in weight
    ]
    return np.stack(maps) + bias[:, None, None]


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, 0.2 * x, x)


def halved(x: np.ndarray) -> np.ndarray:
    """(C, h, w) -> (C, h/2, w/2): the mean of 2 x 2 pixels."""
    channels, height, width = x.shape
    return x.reshape(channels, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def test_a_block_against_scipy() -> None:
    torch.manual_seed(0)
    block = ResidualHalving(3, 5).double()
    first, second = (part[0] for part in block.branch)
    for layer in (first, second):
        torch.nn.init.normal_(layer.bias)
    x = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    image = x[0].numpy()
    raw = {
        name: value.detach().numpy()
        for name, value in block.named_parameters()
        if name.endswith("original")
    }
    one, two, past = raw.values()
    inner = leaky(convolved(image, one * np.sqrt(2 / 27), first.bias.detach().numpy()))
    kernel, bias = two * np.sqrt(2 / 27), second.bias.detach().numpy()
    branch = leaky(halved(convolved(inner, kernel, bias)))
    bypass = convolved(halved(image), past * np.sqrt(1 / 3), np.zeros(5))
    expected = (branch + bypass) / np.sqrt(2)
    np.testing.assert_allclose(block(x)[0].detach().numpy(), expected, atol=1e-12)


def test_scores_of_a_new_critic_have_the_size_of_their_images() -> None:
    torch.manual_seed(0)
    critic = ResidualDiscriminator(3, (32, 32, 16, 8))
    scores = critic(torch.randn(64, 3, 32, 32))
    assert 0.01 < scores.std() < 5
    weights = [p for name, p in critic.named_parameters() if name.endswith("original")]
    assert all(weight.std() > 0.5 for weight in weights)
    assert len(weights) == 4 + 3 * 3 + 2 + 1  # to each size, between them, at the end, the score


def test_it_hardly_notices_the_first_moment_of_a_new_size() -> None:
    torch.manual_seed(0)
    critic = ResidualDiscriminator(3, (8, 6, 4, 2)).double()
    small = torch.randn(8, 3, 16, 16, dtype=torch.float64)
    critic.growth = 2.0
    before = critic(small)
    critic.growth = 2.0 + 1e-9
    enlarged = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(critic(enlarged), before, atol=1e-6, rtol=0)
