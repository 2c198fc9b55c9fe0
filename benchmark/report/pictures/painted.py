"""A cell's directions as images, each made once for all that shows it."""

from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.images_along import images_along
from benchmark.generators.base import Generator, Latents
from benchmark.runs.results import StoredCell

SHIFTS = 9  # values of eps from end to end; odd, so the middle one is unshifted
LATENTS = 4  # z of each direction
MOST = 128  # pixels of a kept image's side


class Painted:
    """The images of one cell's directions, of few z in small steps.

    generator: prepared for inference. Strips, named directions and the explorer show the same
    images, and making them is most of a report's work: so each is made when it is first asked for,
    and kept in the 256 levels that a picture has. Those that are not shifted are the same for all
    directions.
    """

    def __init__(self, generator: Generator, stored: StoredCell) -> None:
        self.generator, self.stored = generator, stored
        self._kept: dict[int, Tensor] = {}

    def of_seed(self, stored: StoredCell) -> "Painted":
        """The same of another seed's cell: of the same latents, whose images are at hand."""
        other = Painted(self.generator, stored)
        other.latents, other.unshifted = self.latents, self.unshifted
        return other

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

    @cached_property
    def unshifted(self) -> Tensor:
        """(LATENTS, 1, C, H, W): the images of the latents themselves."""
        with torch.no_grad():
            return brought_down(self.generator(self.latents)).unsqueeze(1)  # (LATENTS, 1, C, H, W)

    def images(self, k: int) -> Tensor:
        """(LATENTS, SHIFTS, C, H, W): the latents moved along direction k by each eps."""
        if k not in self._kept:
            middle = SHIFTS // 2
            others = torch.cat([self.eps[:middle], self.eps[middle + 1 :]])  # (SHIFTS - 1,)
            # (LATENTS, SHIFTS - 1, C, H, W)
            moved = shifted_images(self.generator, self.latents, self.directions, k, others)
            parts = [moved[:, :middle], self.unshifted, moved[:, middle:]]
            self._kept[k] = as_levels(torch.cat(parts, dim=1))  # (LATENTS, SHIFTS, C, H, W)
        return self._kept[k].float().div(127.5).sub(1)


def shifted_images(
    generator: Generator, latents: Latents, directions: Directions, k: int, eps: Tensor
) -> Tensor:
    """(n, E, C, H, W): n latents moved along direction k by each of E shifts eps.

    generator: prepared for inference. Sides above MOST are brought down to it.
    """
    # reduced as they come: a large generator needs memory for n images only
    made = images_along(generator, latents, directions, k, eps)
    columns = [brought_down(images) for images in made]
    return torch.stack(columns, dim=1)  # (n, E, C, H, W)


def brought_down(images: Tensor) -> Tensor:
    """The same images (n, C, H, W) with sides of at most MOST pixels."""
    if images.shape[-1] <= MOST:
        return images
    return F.interpolate(images, size=(MOST, MOST), mode="bilinear", antialias=True)


def as_levels(images: Tensor) -> Tensor:
    """Images in [-1, 1] as bytes, 0 to 255, of the same shape."""
    return images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
