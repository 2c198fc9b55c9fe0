"""The discriminator: every layer's largest singular value stays at one."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.generators.training.discriminator import Discriminator


def layers(critic: nn.Module) -> list[nn.Module]:
    return [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 32, 32), (3, 64, 64)])
def test_one_score_an_image(shape: tuple[int, int, int]) -> None:
    assert Discriminator(shape, 4)(torch.randn(5, *shape)).shape == (5,)


def test_singular_values_of_every_layer() -> None:
    torch.manual_seed(0)
    critic = Discriminator((1, 32, 32), 8)
    for layer in layers(critic):
        with torch.no_grad():  # far from what they were when the norm was first estimated
            layer.parametrizations.weight.original.mul_(10).add_(torch.randn(()))
    for _ in range(50):
        critic(torch.randn(2, 1, 32, 32))
    assert len(layers(critic)) == 4 * 2 + 3 + 1  # four blocks, bypasses, the score
    for layer in layers(critic):
        matrix = layer.weight.detach().flatten(start_dim=1).double().numpy()
        largest = np.linalg.svd(matrix, compute_uv=False)[0]
        assert 0.99 < largest < 1.01


def test_black_pixels_are_seen() -> None:
    torch.manual_seed(0)
    critic = Discriminator((1, 32, 32), 8)
    black = torch.full((1, 1, 32, 32), -1.0, requires_grad=True)
    critic(black).sum().backward()
    assert black.grad is not None
    assert (black.grad != 0).any()


def test_projection_adds_the_features_along_the_class() -> None:
    torch.manual_seed(0)
    critic = Discriminator((3, 16, 16), 4, n_classes=3).eval()
    images, labels = torch.randn(6, 3, 16, 16), torch.tensor([0, 1, 2, 0, 1, 2])
    features = critic.blocks(images).relu().sum(dim=(2, 3))
    assert critic.embedding is not None
    expected = critic.score(features).squeeze(1)
    for i, label in enumerate(labels.tolist()):
        expected[i] = expected[i] + critic.embedding.weight[label] @ features[i]
    torch.testing.assert_close(critic(images, labels), expected)
    assert (critic(images, labels) - critic(images, labels.flip(0))).abs().max() > 1e-4


def test_the_embedding_has_a_spectral_norm_too() -> None:
    torch.manual_seed(0)
    critic = Discriminator((3, 16, 16), 4, n_classes=3)
    for _ in range(50):
        critic(torch.randn(2, 3, 16, 16), torch.tensor([0, 1]))
    assert critic.embedding is not None
    matrix = critic.embedding.weight.detach().double().numpy()
    assert 0.99 < np.linalg.svd(matrix, compute_uv=False)[0] < 1.01
