"""A cell's directions as images, each made once for all that shows it."""

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.generators.base import Generator, Latents
from benchmark.runs.results import StoredCell

SHIFTS = 9  # values of eps from end to end; odd, so the middle one is unshifted
LATENTS = 4  # z of each direction
MOST = 128  # pixels of a kept image's side


class Painted:
    """The images of one cell's directions, of few z in small steps.

    generator: prepared for inference. Strips, named directions and the explorer show the same
    images, and making them is most of a report's work: so each is made when it is first asked for,
    and kept.
    """

    def __init__(self, generator: Generator, stored: StoredCell) -> None:
        self.generator, self.stored = generator, stored
        self._kept: dict[int, Tensor] = {}

    @cached_property
    def directions(self) -> Directions:
        return self.stored.directions()

    @cached_property
    def latents(self) -> Latents:
        """z (LATENTS, d), the same for all methods and seeds of a generator."""
        return self.generator.sample(LATENTS, stream(self.stored.result.cell.generator, "strips"))

    @cached_property
    def eps(self) -> Tensor:
        """(SHIFTS,) shifts, evenly over the range that R was trained on."""
        most = self.stored.result.config["protocol"]["max_shift"]
        return torch.linspace(-most, most, SHIFTS)

    def images(self, k: int) -> Tensor:
        """(LATENTS, SHIFTS, C, H, W): the latents moved along direction k by each eps."""
        if k not in self._kept:
            self._kept[k] = shifted_images(
                self.generator, self.latents, self.directions, k, self.eps
            )
        return self._kept[k]


@torch.no_grad()
def shifted_images(
    generator: Generator, latents: Latents, directions: Directions, k: int, eps: Tensor
) -> Tensor:
    """(n, E, C, H, W): n latents moved along direction k by each of E shifts eps.

    generator: prepared for inference. Sides above MOST are brought down to it.
    """
    columns = []
    for shift in eps:  # one at a time: a large generator needs memory for n images only
        images = generator(directions.move(latents, k, shift))  # (n, C, H, W)
        if images.shape[-1] > MOST:
            images = F.interpolate(images, size=(MOST, MOST), mode="bilinear", antialias=True)
        columns.append(images)
    return torch.stack(columns, dim=1)  # (n, E, C, H, W)
