"""Clear changes that no generator made: a generator's own pictures, edited.

They are the checks that everybody should call clear. They show what the items show; what changes in
them is known, since it was made; and they cost no method a direction, as its best ones would. `t`
in [-1, 1] says how far; at 0 the picture is as it was.
"""

from collections.abc import Callable, Sequence
from math import cos, radians, sin

import numpy as np
from PIL import Image

Edit = Callable[[Image.Image, float], Image.Image]

GROWTH = 1.4
SIDEWAYS = 0.18  # of the width
TURN = 24.0  # degrees
MARGIN = 0.4  # of the size: how far a picture is continued, by its edges, beyond them


def enlarge(image: Image.Image, t: float) -> Image.Image:
    """One change: from small to large."""
    return _moved(image, scale=GROWTH**t)


def push(image: Image.Image, t: float) -> Image.Image:
    """One change: from left to right."""
    return _moved(image, right=SIDEWAYS * t)


def turn(image: Image.Image, t: float) -> Image.Image:
    """One change: the angle, clockwise."""
    return _moved(image, angle=radians(TURN * t))


EDITS: tuple[Edit, ...] = (enlarge, push, turn)
CLEAR = 2  # how many of them serve a generator


def clearest(images: Sequence[Image.Image]) -> list[Edit]:
    """The edits that change these pictures most: to turn a disc would change nothing."""

    def change(edit: Edit) -> float:
        pairs = [(image, edit(image, t)) for image in images for t in (-1.0, 1.0)]
        return float(np.mean([np.abs(np.asarray(a, int) - np.asarray(b)).mean() for a, b in pairs]))

    return sorted(EDITS, key=change, reverse=True)[:CLEAR]


def _moved(
    image: Image.Image, scale: float = 1.0, right: float = 0.0, angle: float = 0.0
) -> Image.Image:
    """Scaled and turned about its centre, then moved by a share of its width."""
    width, height = image.size
    beyond = round(MARGIN * max(width, height))
    array = np.pad(np.asarray(image), ((beyond, beyond), (beyond, beyond), (0, 0)), mode="edge")
    # From a pixel (x, y) to where it comes from: (a x + b y + c, d x + e y + f).
    a, b = cos(angle) / scale, sin(angle) / scale
    x, y = width * (0.5 + right), height / 2
    c, f = width / 2 + beyond - a * x - b * y, height / 2 + beyond + b * x - a * y
    wide = Image.fromarray(array)
    back = (a, b, c, -b, a, f)
    return wide.transform(image.size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
