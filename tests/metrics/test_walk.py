"""Walks: the right images at the right shifts, and no more of them than are said."""

import torch

from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator, Latents
from benchmark.metrics.walk import LATENTS, walk_images, walks


class Plain(Generator):
    """The image is the latent, and every image is counted."""

    latent_dim, image_shape = 3, (1, 1, 3)

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def forward(self, latents: Latents) -> torch.Tensor:
        self.made += len(latents)
        return latents.point.view(-1, 1, 1, 3)


def test_each_stop_is_the_latents_moved_that_far() -> None:
    generator, matrix = Plain(), torch.tensor([[1.0, 0.0], [0.0, 0.6], [0.0, 0.8]])  # (3, 2)
    latents = generator.sample(LATENTS, stream("walk"))
    found = list(walks(generator, FrozenLinear(matrix), 6.0, latents))
    assert [walk.k for walk in found] == [0, 1]
    for walk in found:
        assert walk.eps.tolist() == [-6.0, -3.0, 0.0, 3.0, 6.0]
        for eps, images in zip(walk.eps.tolist(), walk.images, strict=True):
            there = latents.point + eps * matrix[:, walk.k]
            torch.testing.assert_close(images.view(-1, 3), there)
        assert torch.equal(walk.unmoved.view(-1, 3), latents.point)


def test_as_many_images_are_made_as_the_estimate_counts() -> None:
    generator = Plain()
    latents = generator.sample(LATENTS, stream("walk"))
    list(walks(generator, FrozenLinear(torch.eye(3)), 6.0, latents))
    assert generator.made == walk_images(3) == 32 + 3 * 4 * 32
