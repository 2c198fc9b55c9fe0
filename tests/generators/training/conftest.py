"""Images of three classes that a small judge learns in a second: a bar in one of three places."""

from pathlib import Path

import pytest
import torch

from benchmark.generators.training.real_images import ImageSet

from .digits import as_folder, as_npz, as_zip


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


@pytest.fixture(params=["npz", "folder", "zip", "wrapped zip"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "npz":
        return as_npz(tmp_path / "digits.npz")
    if request.param == "folder":
        return as_folder(tmp_path / "digits")
    wrapper = "digits/" if request.param == "wrapped zip" else ""
    return as_zip(tmp_path / "digits.zip", prefix=f"{wrapper}train")
