"""ProgGAN's discriminator: shapes, variety, and layers that all learn at one rate."""

import pytest
import torch

from benchmark.generators.training.progressive import ProgressiveDiscriminator, Variety


@pytest.mark.parametrize("channels", [(8, 8), (8, 6, 4, 2)])
def test_one_score_an_image(channels: tuple[int, ...]) -> None:
    side = 4 * 2 ** (len(channels) - 1)
    critic = ProgressiveDiscriminator(3, channels)
    assert critic(torch.randn(8, 3, side, side)).shape == (8,)


def test_scores_of_a_new_critic_have_the_size_of_their_images() -> None:
    torch.manual_seed(0)
    critic = ProgressiveDiscriminator(3, (32, 32, 16, 8))
    scores = critic(torch.randn(64, 3, 32, 32))
    assert 0.01 < scores.std() < 5
    weights = [p for name, p in critic.named_parameters() if name.endswith("original")]
    assert all(weight.std() > 0.5 for weight in weights)
    assert len(weights) == 4 + 2 * 3 + 2 + 1  # to each size, between them, at the end, the score


def test_weights_are_used_at_the_scale_of_their_fan_in() -> None:
    torch.manual_seed(0)
    critic = ProgressiveDiscriminator(3, (64, 32))
    conv = critic.last[1][0]  # 65 x 3 x 3 inputs to each of 64 channels
    assert conv.weight.std().item() == pytest.approx((2 / (65 * 9)) ** 0.5, rel=0.02)
    assert critic.score.weight.std().item() == pytest.approx(64**-0.5, rel=0.3)


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
