"""Several steps at a time give the images of each step alone."""

import pytest
import torch

from benchmark.directions import images_along as module
from benchmark.directions.artefact import Directions
from benchmark.directions.images_along import images_along
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted

EPS = torch.tensor([-3.0, -1.0, 0.0, 0.5, 4.0])


class Counted(Generator):
    """Of a class for each latent; remembers how many images it made at once."""

    latent_dim, image_shape = 2, (1, 32, 16)

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, latents):
        self.batches.append(len(latents))
        level = latents.point[:, 0] + 10 * latents.labels
        return level[:, None, None, None].expand(-1, 1, 32, 16)


@pytest.mark.parametrize("pixels", [1, 2 * 3 * 32 * 32, 1 << 30])
def test_images_are_those_of_each_step_alone(monkeypatch, pixels):
    monkeypatch.setattr(module, "AT_ONCE", pixels)
    generator, matrix = Planted(), torch.randn(16, 4)
    latents = generator.sample(3, torch.Generator().manual_seed(0))
    found = list(images_along(generator, latents, Directions(FrozenLinear(matrix)), 1, EPS))
    assert len(found) == len(EPS)
    for eps, images in zip(EPS, found, strict=True):
        expected = generator(Latents(latents.point + eps * matrix[:, 1]))  # (3, C, H, W)
        torch.testing.assert_close(images, expected)
        assert not images.requires_grad


@pytest.mark.parametrize(("pixels", "batches"), [(1, [2] * 5), (4 * 512, [4, 4, 2]), (1e9, [10])])
def test_latents_keep_their_classes_and_no_more_than_fit_are_made_at_once(
    monkeypatch, pixels, batches
):
    monkeypatch.setattr(module, "AT_ONCE", int(pixels))
    generator = Counted()
    latents = Latents(torch.zeros(2, 2), labels=torch.tensor([3, 7]))
    across = Directions(FrozenLinear(torch.tensor([[1.0], [0.0]])))
    found = list(images_along(generator, latents, across, 0, EPS))
    assert generator.batches == batches
    for eps, images in zip(EPS, found, strict=True):
        assert images[:, 0, 0, 0].tolist() == [30 + eps, 70 + eps]
