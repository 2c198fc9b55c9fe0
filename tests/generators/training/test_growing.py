"""How a ProgGAN grows: the schedule, the fading, and what is saved on the way."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.training.growing import GROWING, GrowingGenerator, growth_at, shrunk
from benchmark.generators.training.progressive import ProgressiveDiscriminator
from tests.generators.training.trainings import progressive

CHANNELS = (8, 6, 4, 2)  # 4 x 4 to 32 x 32 pixels


def growing() -> GrowingGenerator:
    torch.manual_seed(0)
    return GrowingGenerator(ProgGAN(6, CHANNELS, 3)).double()


def test_sizes_are_held_as_long_as_they_fade() -> None:
    shares = np.linspace(0, GROWING, 9)
    expected = [1, 1, 1, 1.5, 2, 2, 2, 2.5, 3]
    np.testing.assert_allclose([growth_at(s, 3) for s in shares], expected, atol=1e-9)
    assert growth_at(1.0, 3) == growth_at(0.8, 3) == 3.0
    assert growth_at(0.0, 1) == growth_at(1.0, 1) == 1.0


def test_fully_grown_it_is_the_generator() -> None:
    generator = growing()
    latents = generator.generator.sample(4, torch.Generator().manual_seed(0)).to(torch.float64)
    assert torch.equal(generator(latents), generator.generator(latents))
    assert torch.equal(generator.grown().double()(latents), generator(latents))


@pytest.mark.parametrize("size", [1, 2])
def test_a_new_size_fades_in(size: int) -> None:
    """At its start the image is the smaller one enlarged, at its end the larger one alone."""
    generator = growing()
    latents = generator.generator.sample(4, torch.Generator().manual_seed(0)).to(torch.float64)
    images = {}
    for growth in (size, size + 1e-9, size + 0.25, size + 1):
        generator.growth = growth
        images[growth] = generator(latents)
    side = 4 * 2**size
    assert images[size].shape == (4, 3, side, side)
    enlarged = images[size].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(images[size + 1e-9], enlarged, atol=1e-7, rtol=0)
    mixed = 0.75 * enlarged + 0.25 * images[size + 1]
    torch.testing.assert_close(images[size + 0.25], mixed, atol=1e-12, rtol=0)


def test_what_is_saved_in_growth_is_the_size_that_has_faded_in() -> None:
    generator = growing()
    latents = generator.generator.sample(4, torch.Generator().manual_seed(0)).to(torch.float64)
    generator.growth = 1.6
    part = generator.grown().double()
    assert part.image_shape == (3, 8, 8)
    generator.growth = 1.0
    assert torch.equal(part(latents), generator(latents))


def test_real_images_shrink_and_fade_alike() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    assert torch.equal(shrunk(images, 3.0, 3), images)
    small = F.avg_pool2d(images, 4)
    assert torch.equal(shrunk(images, 1.0, 3), small)
    enlarged = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = 0.75 * enlarged + 0.25 * F.avg_pool2d(images, 2)
    torch.testing.assert_close(shrunk(images, 1.25, 3), expected, atol=1e-13, rtol=0)


def test_the_critic_hardly_notices_the_first_moment_of_a_new_size() -> None:
    """The images are the smaller ones enlarged, and they are seen as what they are."""
    torch.manual_seed(0)
    critic = ProgressiveDiscriminator(3, CHANNELS).double()
    small = torch.randn(8, 3, 16, 16, dtype=torch.float64)
    critic.growth = 2.0
    before = critic(small)
    critic.growth = 2.0 + 1e-9
    enlarged = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(critic(enlarged), before, atol=1e-6, rtol=0)


def test_a_training_grows_both_networks_and_ends_at_full_size() -> None:
    training = progressive()
    sides, growths = [], []
    for _ in range(training.config.steps):
        training.advance()
        assert training.generator.growth == training.averaged.growth == training.critic.growth
        growths.append(training.critic.growth)
        sides.append(training.finished().image_shape[1])
    assert growths == sorted(growths)
    assert sides[0] == 8
    assert sides[-1] == 32
