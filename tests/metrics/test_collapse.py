"""Collapse on generators whose answer is known."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator, Latents
from benchmark.metrics.collapse import collapse, mean_distance
from benchmark.metrics.walk import LATENTS, walks


class Fading(Generator):
    """Two pixels show two latents; the third latent, far from zero, fades both out."""

    latent_dim, image_shape = 3, (1, 1, 2)

    def __init__(self, fades: bool) -> None:
        super().__init__()
        self.register_buffer("rate", torch.tensor(float(fades)))

    def forward(self, latents: Latents) -> Tensor:
        fading = torch.exp(-self.rate * latents.point[:, 2:].abs())  # (n, 1)
        return (latents.point[:, :2] * fading).view(-1, 1, 1, 2)


def of(generator: Generator, matrix: Tensor, eps: float) -> Tensor:
    latents = generator.sample(LATENTS, stream("collapse"))
    return torch.tensor([collapse(w) for w in walks(generator, FrozenLinear(matrix), eps, latents)])


def test_mean_distance_equals_scipys() -> None:
    images = torch.randn(9, 2, 3, 4, generator=stream("images"))
    assert mean_distance(images).item() == pytest.approx(pdist(images.flatten(1).numpy()).mean())


def test_a_translation_does_not_collapse_images() -> None:
    ratios = of(Fading(False), torch.eye(3), 6.0)
    assert ratios.numpy() == pytest.approx(np.ones(3), abs=1e-5)


def test_a_fading_axis_does() -> None:
    ratios = of(Fading(True), torch.eye(3), 6.0)
    assert 0.001 < ratios[2] < 0.05  # exp(-6) = 0.0025, more where z stood at the other side


def test_both_signs_count() -> None:
    axis = torch.eye(3)[:, 2:]
    ratio = of(Fading(True), axis, 2.0)
    mirrored = of(Fading(True), -axis, 2.0)
    torch.testing.assert_close(ratio, mirrored)
