"""A panel shows the right image in the right place."""

import numpy as np
import pytest
import torch

from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.generators.families.planted import Planted
from benchmark.report.pictures.painted import MOST, shifted_images
from benchmark.report.pictures.panel import GAP, LEAST, LINE, panel, signed


class Large(Generator):
    """Grey images of 300 pixels, as bright as the first latent."""

    latent_dim, image_shape = 2, (1, 300, 300)

    def forward(self, latents):
        return latents.point[:, :1, None, None].expand(-1, 1, 300, 300)


def test_images_are_those_of_the_shifted_latents():
    generator = Planted()
    latents = generator.sample(3, torch.Generator().manual_seed(0))
    matrix, eps = torch.randn(16, 4), torch.tensor([-2.0, 0.0, 5.0])
    images = shifted_images(generator, latents, Directions(FrozenLinear(matrix)), 2, eps)
    assert images.shape == (3, 3, 3, 32, 32)
    for i in range(3):
        for j in range(3):
            expected = generator(latents[i : i + 1].moved(eps[j] * matrix[:, 2]))[0]
            torch.testing.assert_close(images[i, j], expected)


def test_large_images_come_down_and_keep_their_values():
    latents = Large().sample(2, torch.Generator().manual_seed(0))
    still = Directions(FrozenLinear(torch.tensor([[1.0], [0.0]])))
    images = shifted_images(Large(), latents, still, 0, torch.tensor([0.0]))
    assert images.shape == (2, 1, 1, MOST, MOST)
    torch.testing.assert_close(images[:, 0, 0, 5, 5], latents.point[:, 0])


@pytest.mark.parametrize("labels", [(), ("first", "second")])
def test_every_image_lies_in_its_place_and_the_middle_is_framed(labels):
    levels = torch.linspace(-1, 1, 6).view(2, 3)
    images = levels.view(2, 3, 1, 1, 1).expand(2, 3, 1, 32, 32)
    pixels = np.asarray(panel(images, torch.tensor([-6.0, 0.0, 6.0]), "title", labels)).astype(int)
    left = pixels.shape[1] - 3 * (LEAST + GAP) - GAP
    assert (left > 0) == bool(labels)
    for i in range(2):
        for j in range(3):
            y = 2 * LINE + GAP + i * (LEAST + GAP) + LEAST // 2
            x = left + GAP + j * (LEAST + GAP) + LEAST // 2
            assert pixels[y, x] == pytest.approx(127.5 * (levels[i, j].item() + 1), abs=1)
    coloured = np.ptp(pixels, axis=2).max(axis=0) > 100  # only the frame has a colour
    columns = np.flatnonzero(coloured)
    assert columns.min() == left + LEAST + GAP
    assert columns.max() == left + 2 * (LEAST + GAP) + GAP - 1


def test_values_of_eps_carry_their_sign():
    assert [signed(x) for x in (-4.5, 0.0, 6.0)] == ["\N{MINUS SIGN}4.5", "0", "+6"]
