"""Images of three classes that a small judge learns in a second: a bar in one of three places."""

import pytest
import torch

from benchmark.gan.images import ImageSet


def bars(n: int, seed: int) -> ImageSet:
    """n colour images of 16 x 16 pixels, each a noisy bar at the top, in the middle or below."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    images = torch.randint(0, 60, (n, 3, 16, 16), generator=rng, dtype=torch.uint8)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, 5 * label + 2 : 5 * label + 4] += 150
    return ImageSet(images, labels)


@pytest.fixture(scope="session")
def train() -> ImageSet:
    return bars(900, seed=0)


@pytest.fixture(scope="session")
def test() -> ImageSet:
    return bars(300, seed=1)
