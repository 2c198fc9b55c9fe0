"""A StyleGAN2 in training: the same computation as its own, how it grows, its mean w."""

import copy

import numpy as np
import pytest
import torch

from benchmark.generators.base import Latents
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.training.styles import GrowingStyles, StyleGame, mean_w
from tests.generators.training.trainings import styled

CHANNELS = (8, 6, 5, 4)  # 4 x 4 to 32 x 32 pixels


def in_training() -> GrowingStyles:
    """A generator whose biases have all learned something."""
    torch.manual_seed(0)
    generator = StyleGAN2(32, z_dim=6, w_dim=5, mapping_layers=3, channels=CHANNELS)
    with torch.no_grad():
        for name, value in generator.named_parameters():
            if name.endswith("bias"):
                value.add_(torch.randn_like(value))
    return GrowingStyles(generator).double()


def own(styles: GrowingStyles) -> StyleGAN2:
    return copy.deepcopy(styles.generator).eval()


def latents(n: int = 3) -> Latents:
    rng = torch.Generator().manual_seed(1)
    return Latents(torch.randn(n, 6, generator=rng, dtype=torch.float64))


def test_it_computes_what_its_generator_does() -> None:
    styles = in_training()
    expected = own(styles)(latents())
    torch.testing.assert_close(styles(latents()), expected, atol=1e-12, rtol=0)


def test_every_weight_learns() -> None:
    styles = in_training()
    styles.growth = 2.5
    styles(latents()).square().mean().backward()
    for name, value in styles.generator.named_parameters():
        if name.endswith("noise_strength"):
            assert value.grad is None, name  # none is learned, so none is shown
            continue
        assert value.grad is not None, name
        assert value.grad.abs().max() > 0, name


@pytest.mark.parametrize("size", [1, 2, 3])
def test_at_each_size_it_is_a_smaller_generator(size: int) -> None:
    styles = in_training()
    styles.growth = size + 0.5 if size < 3 else 3.0
    part = styles.grown().double()
    assert part.image_shape == (3, 4 * 2**size, 4 * 2**size)
    assert part.architecture()["channels"] == CHANNELS[: size + 1]
    styles.growth = float(size)
    expected = part.eval()(latents())
    torch.testing.assert_close(styles(latents()), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", [1, 2])
def test_a_new_size_fades_in(size: int) -> None:
    """At its start the image is the smaller one enlarged, at its end the larger one alone."""
    styles = in_training()
    images = {}
    for growth in (size, size + 1e-9, size + 0.25, size + 1):
        styles.growth = growth
        images[growth] = styles(latents())
    enlarged = images[size].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(images[size + 1e-9], enlarged, atol=1e-6, rtol=0)
    mixed = 0.75 * enlarged + 0.25 * images[size + 1]
    torch.testing.assert_close(images[size + 0.25], mixed, atol=1e-12, rtol=0)


def test_in_bfloat16_it_stays_near() -> None:
    """Styles, demodulation and the image are not rounded, only the maps are."""
    styles = in_training().float()
    single = Latents(latents(16).point.float())
    exact = own(styles)(single)  # (n, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = styles(single)  # (n, 3, 32, 32)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).std() < 0.01 * exact.std()


def test_the_mean_of_w_against_a_float64_loop() -> None:
    generator = in_training().generator.float()
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(16_384, 6, generator=rng).double().numpy()
    w = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-8)
    for i in range(3):
        layer = generator.mapping.get_submodule(f"fc{i}")
        weight, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
        w = w @ (0.01 / np.sqrt(weight.shape[1]) * weight).T + 0.01 * bias
        w = np.sqrt(2) * np.where(w < 0, 0.2 * w, w)
    np.testing.assert_allclose(mean_w(generator).numpy(), w.mean(axis=0), atol=1e-5)


def test_a_finished_generator_knows_its_own_mean() -> None:
    styles = in_training().float()
    styles.generator.w_avg.fill_(9.0)
    finished = StyleGame(styles.generator).alone(styles)
    assert isinstance(finished, StyleGAN2)
    torch.testing.assert_close(finished.w_avg, mean_w(finished).float())
    assert (styles.generator.w_avg == 9.0).all()


def test_a_training_grows_both_networks_and_ends_at_full_size() -> None:
    training = styled()
    sides = []
    for _ in range(training.config.steps):
        training.advance()
        assert training.generator.growth == training.averaged.growth == training.critic.growth
        sides.append(training.finished().image_shape[1])
    assert sides[0] == 8
    assert sides[-1] == 32
    assert sides == sorted(sides)
