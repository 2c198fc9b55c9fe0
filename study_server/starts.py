"""The images before any shift: whether directions of a generator show the same latents."""

import numpy as np
from PIL import Image

from study_server.filmstrips import tile_size

# Grey levels by which two renderings of one latent may differ on average. A card that adds in
# another order turns few pixels by one level; two latents of the planted generator differ by 0.7.
ROUNDING = 0.1


class Starts:
    """What a generator's directions begin with. known: each set of rows once, by its place; every
    row is an image, as small as the study shows it."""

    def __init__(self) -> None:
        self.known: list[list[Image.Image]] = []

    def place(self, images: list[Image.Image]) -> int:
        """Which of the known rows these unshifted images are; new ones get the next place."""
        small = tile_size(images[0].size)
        own = [image.resize(small, Image.Resampling.BICUBIC) for image in images]
        for place, rows in enumerate(self.known):
            if _alike(rows, own):
                return place
        self.known.append(own)
        return len(self.known) - 1


def _alike(rows: list[Image.Image], others: list[Image.Image]) -> bool:
    """Whether these are renderings of the same latents."""
    return len(rows) == len(others) and all(
        a.size == b.size
        and float(np.abs(np.asarray(a, np.float32) - np.asarray(b, np.float32)).mean()) <= ROUNDING
        for a, b in zip(rows, others, strict=True)
    )
