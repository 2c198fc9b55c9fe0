"""Drawn directions whose answers are known: for the instructions, the quiz and check items.

Four rows stand for four latents: each has a shape and a colour of its own. A direction is a
function that changes the look of a shape by a shift t in [-1, 1].
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

SIZE = 160  # pixels, width and height of a drawing
OVERSAMPLING = 2
STEPS = tuple(float(step) for step in range(-6, 7))


@dataclass(frozen=True)
class Shape:
    """A regular star: centre and radius as shares of the picture, angle in degrees, colour HSV."""

    corners: int
    hue: int
    inner: float = 0.8  # radius of the inner corners, as a share of the outer
    x: float = 0.5
    y: float = 0.5
    radius: float = 0.24
    angle: float = 0.0
    saturation: int = 120
    background: int = 244  # grey level


ROWS = (
    Shape(3, 8, inner=0.5),
    Shape(4, 150, inner=0.72),
    Shape(5, 96, inner=0.5, angle=18),
    Shape(6, 206, inner=0.62),
)

Change = Callable[[Shape, float, int], Shape]


def grow(shape: Shape, t: float, row: int) -> Shape:
    """One change, the same in all rows: the size."""
    return replace(shape, radius=0.24 * 1.75**t)


def move(shape: Shape, t: float, row: int) -> Shape:
    """One change, the same in all rows: the place."""
    return replace(shape, x=0.5 + 0.23 * t)


def turn(shape: Shape, t: float, row: int) -> Shape:
    """One change, the same in all rows: the angle."""
    return replace(shape, angle=shape.angle + 55 * t)


def grow_and_recolour(shape: Shape, t: float, row: int) -> Shape:
    """Two changes at once, the same in all rows: the size and the background."""
    return replace(shape, radius=0.24 * 1.75**t, background=int(172 + 72 * t))


def turn_and_tint(shape: Shape, t: float, row: int) -> Shape:
    """Two changes at once, the same in all rows: the angle and the colour."""
    return replace(_recolour(shape, t, row), angle=shape.angle + 55 * t)


def scatter(shape: Shape, t: float, row: int) -> Shape:
    """Another change in each row."""
    changes: tuple[Change, ...] = (grow, move, turn, _recolour)
    return changes[row % len(changes)](shape, t, row)


def scatter_otherwise(shape: Shape, t: float, row: int) -> Shape:
    """Another change in each row, different from those of `scatter`."""
    return scatter(shape, -t, row + 2)


def _recolour(shape: Shape, t: float, row: int) -> Shape:
    return replace(shape, hue=int(shape.hue + 90 * t) % 256)


def draw(change: Change) -> list[list[Image.Image]]:
    """Images of a drawn direction: one row per shape, one column per step."""
    return [
        [_picture(change(shape, step / STEPS[-1], row)) for step in STEPS]
        for row, shape in enumerate(ROWS)
    ]


def _picture(shape: Shape) -> Image.Image:
    size = SIZE * OVERSAMPLING
    image = Image.new("RGB", (size, size), (shape.background,) * 3)
    points = []
    for corner in range(2 * shape.corners):
        radius = shape.radius * (shape.inner if corner % 2 else 1.0)
        angle = math.radians(shape.angle - 90 + 180 * corner / shape.corners)
        points.append(
            (
                size * (shape.x + radius * math.cos(angle)),
                size * (shape.y + radius * math.sin(angle)),
            )
        )
    fill = Image.new("HSV", (1, 1), (shape.hue, shape.saturation, 190)).convert("RGB")
    ImageDraw.Draw(image).polygon(points, fill=fill.getpixel((0, 0)))
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
