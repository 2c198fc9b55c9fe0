"""Differentiable augmentation: what it does to images, that it is random, that gradients pass."""

import pytest
import torch
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.generators.training.augmentation import (
    _colour,
    _cutout,
    _translation,
    augment,
    mirror,
)


def images(n: int = 200) -> Tensor:
    return torch.rand(n, 3, 16, 16, generator=stream("images"), dtype=torch.float64) * 2 - 1


def test_colour_moves_mean_saturation_and_contrast_within_their_ranges() -> None:
    before = images()
    after = _colour(before, stream("a"))
    moved = after.mean(dim=(1, 2, 3)) - before.mean(dim=(1, 2, 3))
    assert -0.5 <= moved.min() < -0.4
    assert 0.4 < moved.max() <= 0.5
    grey = [
        x - x.mean(dim=(1, 2, 3), keepdim=True) for x in (before.mean(1, True), after.mean(1, True))
    ]
    contrast = (grey[1].flatten(1).norm(dim=1)) / grey[0].flatten(1).norm(dim=1)
    assert 0.5 <= contrast.min() < 0.6
    assert 1.4 < contrast.max() <= 1.5
    hue = [x - x.mean(1, True) for x in (before, after)]
    saturation = hue[1].flatten(1).norm(dim=1) / hue[0].flatten(1).norm(dim=1) / contrast
    assert 0.0 <= saturation.min() < 0.1
    assert 1.9 < saturation.max() <= 2.0


def test_translation_moves_each_image_by_up_to_an_eighth_and_fills_with_zeros() -> None:
    point = torch.zeros(300, 1, 16, 16)
    point[:, :, 8, 8] = 1.0
    moved = _translation(point, stream("a"))
    places = moved.flatten(1).argmax(dim=1)
    assert (moved.sum(dim=(1, 2, 3)) == 1).all()
    assert set((places // 16).tolist()) == set((places % 16).tolist()) == set(range(6, 11))
    edge = _translation(torch.ones(300, 1, 16, 16), stream("a"))
    assert edge.amin() == 0


def test_cutout_blanks_a_square_of_half_the_side() -> None:
    cut = _cutout(torch.ones(500, 2, 16, 16), stream("a"))
    blank = (cut == 0).all(dim=1)
    rows, columns = blank.any(dim=2).sum(dim=1), blank.any(dim=1).sum(dim=1)
    assert rows.max() == columns.max() == 7  # |distance| < 4 pixels
    assert (blank.sum(dim=(1, 2)) == rows * columns).all()
    assert blank.any(dim=0).all()  # no place is spared


def test_a_stream_makes_it_repeatable_and_images_differ() -> None:
    one, two = (augment(images(), stream("same")) for _ in range(2))
    assert torch.equal(one, two)
    same = augment(images(1).expand(50, -1, -1, -1), stream("same"))
    assert same.flatten(1).unique(dim=0).shape[0] == 50


def test_each_kind_by_itself() -> None:
    before = images(20)
    assert torch.equal(augment(before, stream("a"), ()), before)
    moved = augment(before, stream("a"), ("translation",))
    assert torch.equal(moved, _translation(before, stream("a")))
    both = augment(before, stream("a"), ("colour", "cutout"))
    rng = stream("a")
    assert torch.equal(both, _cutout(_colour(before, rng), rng))


def test_gradients_pass() -> None:
    few = images(2)[:, :, :8, :8].clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: augment(x, stream("same")), [few])


def test_mirror_turns_about_half_of_the_images() -> None:
    before = images(400)
    after = mirror(before, stream("a"))
    turned = torch.tensor([torch.equal(a, b.flip(2)) for a, b in zip(after, before, strict=True)])
    kept = torch.tensor([torch.equal(a, b) for a, b in zip(after, before, strict=True)])
    assert (turned ^ kept).all()
    assert turned.double().mean().item() == pytest.approx(0.5, abs=0.08)
