"""Views: parts of the image, mirrored half the time, in other colours; each image has its own."""

import torch

from benchmark.generators.training.augmentation import view


def ramp(n: int, side: int = 32) -> torch.Tensor:
    """(n, 3, side, side) images whose channels say where a pixel lies: across, down, nothing."""
    at = (torch.arange(side) + 0.5) / side * 2 - 1  # (side,) in [-1, 1]
    across, down = at.expand(side, side), at[:, None].expand(side, side)
    return torch.stack([across, down, torch.zeros(side, side)]).expand(n, 3, side, side)


def test_a_view_is_a_part_of_at_least_sixty_percent() -> None:
    images = ramp(400)
    seen = view(images, 0.6, 0.0, torch.Generator().manual_seed(0))
    assert seen.shape == images.shape
    across, down = seen[:, 0, 16], seen[:, 1, :, 16]  # (n, side)
    width = (across[:, 24] - across[:, 8]).abs()  # half of the view, 1 where all is seen
    height = down[:, 24] - down[:, 8]
    torch.testing.assert_close(width, height, atol=1e-4, rtol=0)
    assert 0.59 < width.min() < 0.65
    assert 0.95 < width.max() < 1.01
    assert seen.abs().max() <= 1
    mirrored = across[:, 24] < across[:, 8]
    assert 0.4 < mirrored.float().mean() < 0.6
    assert (height > 0).all()  # never upside down
    middles = (across[:, 15] + across[:, 16]) / 2  # (n,) where the views' centres lie
    assert middles.min() < -0.25
    assert middles.max() > 0.25


def test_colours_vary_from_image_to_image() -> None:
    flat = torch.full((200, 3, 8, 8), 0.2)
    flat[:, 0] = 0.5
    seen = view(flat, 0.6, 0.4, torch.Generator().manual_seed(0))
    brightness = seen.mean(dim=(1, 2, 3)) - 0.3
    assert brightness.abs().max() <= 0.4 + 1e-5
    assert brightness.std() > 0.15
    contrast = (seen[:, 0] - seen[:, 1]).mean(dim=(1, 2)) / 0.3
    assert contrast.min() >= 0.6 * 0.6 - 1e-4
    assert contrast.max() <= 1.4 * 1.4 + 1e-4
    assert contrast.std() > 0.15


def test_the_stream_decides() -> None:
    images = torch.rand(4, 3, 8, 8)
    streams = (torch.Generator().manual_seed(seed) for seed in (0, 0, 1))
    first, again, other = (view(images, 0.6, 0.4, rng) for rng in streams)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
