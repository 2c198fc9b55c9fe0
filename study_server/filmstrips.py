"""The pictures of one row, made ready for browsers: a strip of columns, a film of all steps."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.core.errors import BenchError

Picture = Image.Image | NDArray[np.uint8]

MIN_TILE, MAX_TILE = 128, 256  # pixels of an image's longer side in the bundle
SEAM = 0.04  # gap between two columns, as a share of a tile's width
MARK = (214, 122, 52)  # the colour around the unshifted image; visible on light and on dark


def as_picture(image: Picture, name: str) -> Image.Image:
    """The image in RGB. Raises BenchError, which names the direction, for another kind of array."""
    if isinstance(image, np.ndarray):
        array = image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image
        if array.dtype != np.uint8 or not (array.ndim == 2 or array.shape[2:] == (3,)):
            raise BenchError(f"{name}: images must be uint8 arrays (H, W) or (H, W, 3)")
        image = Image.fromarray(array)
    return image.convert("RGB")


def tile_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height in the bundle: small images grow by a whole factor, large ones shrink."""
    longer = max(size)
    if longer > MAX_TILE:
        scale = MAX_TILE / longer
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    factor = max(1, -(-MIN_TILE // longer))
    return size[0] * factor, size[1] * factor


def as_strip(tiles: list[Image.Image]) -> Image.Image:
    """Tiles side by side on a transparent ground, a frame around the one in the middle."""
    width, height = tiles[0].size
    seam = max(4, round(SEAM * width))
    strip = Image.new("RGBA", (len(tiles) * (width + seam) - seam + 2 * seam, height + 2 * seam))
    for column, tile in enumerate(tiles):
        left = seam + column * (width + seam)
        if column == len(tiles) // 2:
            frame = Image.new("RGBA", (width + 2 * seam, height + 2 * seam), (*MARK, 255))
            strip.paste(frame, (left - seam, 0))
        strip.paste(tile, (left, seam))
    return strip


def as_film(tiles: list[Image.Image]) -> Image.Image:
    """Tiles side by side without seams."""
    width, height = tiles[0].size
    film = Image.new("RGB", (len(tiles) * width, height))
    for column, tile in enumerate(tiles):
        film.paste(tile, (column * width, 0))
    return film
