"""Edits change one thing, as far as they say: the place, size and angle of a bar are measured."""

import numpy as np
import pytest
from PIL import Image

from study_server.edits import EDITS, GROWTH, SIDEWAYS, TURN, clearest, enlarge, push, turn

SIDE = 128


def bar() -> Image.Image:
    """A bright bar, twice as wide as high, on a dark ground."""
    pixels = np.full((SIDE, SIDE, 3), 20, np.uint8)
    pixels[54:74, 44:84] = 220
    return Image.fromarray(pixels)


def measured(image: Image.Image) -> tuple[float, float, float, float]:
    """Area, centre x and y, and angle in degrees, clockwise, of what is bright: by moments."""
    light = (np.asarray(image)[:, :, 0].astype(float) - 20) / 200
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    area = light.sum()
    x, y = (light * columns).sum() / area, (light * rows).sum() / area
    xx, yy = (light * (columns - x) ** 2).sum(), (light * (rows - y) ** 2).sum()
    xy = (light * (columns - x) * (rows - y)).sum()
    return area, x, y, float(np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)))


@pytest.mark.parametrize("t", [-1.0, -0.5, 0.5, 1.0])
def test_each_edit_changes_one_thing(t: float) -> None:
    area, x, y, angle = measured(bar())
    expected = {
        enlarge: (area * GROWTH ** (2 * t), x, y, angle),
        push: (area, x + SIDEWAYS * t * SIDE, y, angle),
        turn: (area, x, y, angle + TURN * t),
    }
    assert set(expected) == set(EDITS)
    for edit, wanted in expected.items():
        assert measured(edit(bar(), t)) == pytest.approx(wanted, rel=0.02, abs=0.2)


def test_at_zero_and_on_an_even_picture_nothing_changes() -> None:
    """Beyond its edges a picture goes on as it ends, so that no frame gives an edit away."""
    even = Image.new("RGB", (96, 64), (90, 120, 30))
    for edit in EDITS:
        assert np.abs(np.asarray(edit(bar(), 0.0), int) - np.asarray(bar(), int)).max() <= 1
        for t in (-1.0, 1.0):
            assert np.array_equal(np.asarray(edit(even, t)), np.asarray(even))


def test_what_can_hardly_be_seen_is_no_check() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE] - 63.5
    disc = np.where(rows**2 + columns**2 < 30**2, 220, 20).astype(np.uint8)
    stripe = np.where(np.abs(rows) < 5, 220, 20).astype(np.uint8)  # from edge to edge
    for shape, unseen in ((disc, turn), (stripe, push)):
        picture = Image.fromarray(shape).convert("RGB")
        assert unseen not in clearest([picture])
        assert len(clearest([picture])) == 2
