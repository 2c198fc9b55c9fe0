"""ProgGAN's discriminator: shapes, variety, and layers that all learn at one rate."""

import pytest
import torch
from torch import nn

from benchmark.gan.progressive import ProgressiveDiscriminator, Variety
from benchmark.generators.proggan import ScaledBias


@pytest.mark.parametrize("channels", [(8, 8), (8, 6, 4, 2)])
def test_one_score_an_image(channels: tuple[int, ...]) -> None:
    side = 4 * 2 ** (len(channels) - 1)
    critic = ProgressiveDiscriminator(3, channels)
    assert critic(torch.randn(8, 3, side, side)).shape == (8,)
    assert sum(isinstance(layer, nn.AvgPool2d) for layer in critic.modules()) == len(channels) - 1


def test_scores_of_a_new_critic_have_the_size_of_their_images() -> None:
    torch.manual_seed(0)
    critic = ProgressiveDiscriminator(3, (32, 32, 16, 8))
    scores = critic(torch.randn(64, 3, 32, 32))
    assert 0.01 < scores.std() < 5
    assert all(
        layer.weight.std() > 0.5 for layer in critic.modules() if isinstance(layer, nn.Conv2d)
    )
    assert sum(isinstance(layer, ScaledBias) for layer in critic.modules()) == 10


def test_variety_is_the_mean_deviation_within_groups_of_four() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 2, 3, 3, dtype=torch.float64)
    x[4:] = x[4]  # the second group holds one image four times
    shown = Variety()(x)
    assert torch.equal(shown[:, :2], x)
    expected = torch.full((4, 3, 3), x[:4].std(dim=0, correction=0).mean().item()).double()
    torch.testing.assert_close(shown[:4, 2], expected, atol=1e-6, rtol=0)
    alike = torch.full((4, 3, 3), 1e-4).double()
    torch.testing.assert_close(shown[4:, 2], alike, atol=1e-9, rtol=0)
