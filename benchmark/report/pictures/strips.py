"""Image strips: what a method's best directions do to images."""

from collections.abc import Mapping
from textwrap import shorten

import torch
from PIL import Image
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.directions.labels import Label
from benchmark.generators.base import Generator, Latents
from benchmark.report.pictures.panel import LINE, QUIET, blank, panel, shifted_images, write
from benchmark.runs.results import StoredCell

SHIFTS = 9  # columns of a strip; odd, so the middle one is unshifted
LATENTS = 4  # rows of a strip
DIRECTIONS = 8  # strips of a picture
MARGIN = 16  # pixels between strips
LONGEST = 48  # characters of a name above a strip


def draw_strips(generator: Generator, stored: StoredCell) -> Image.Image:
    """The directions of a cell that its fresh R names best, the best first, two side by side.

    generator: prepared for inference.
    """
    directions = stored.directions()
    names = {k: spoken(label) for k, label in directions.names().items()}
    titles = {
        k: f"direction {k}, accuracy {accuracy:.2f}{names.get(k, '')}"
        for k, accuracy in stored.ranking()[:DIRECTIONS]
    }
    what = f"{len(titles)} of {len(directions)} directions, those that R names best"
    return draw(generator, stored, titles, what)


def draw(
    generator: Generator, stored: StoredCell, titles: Mapping[int, str], what: str
) -> Image.Image:
    """A strip under its title for each k in `titles`, in that order. what: which they are."""
    cell, directions = stored.result.cell, stored.directions()
    latents, eps = shown_latents(generator, stored), shown_shifts(stored)
    strips = [
        panel(shifted_images(generator, latents, directions, k, eps), eps, title)
        for k, title in titles.items()
    ]
    return page(
        strips,
        f"{cell.generator}, {cell.method}, seed {cell.seed}: {what}",
        "rows: different z; columns: the shift eps; framed: not shifted",
    )


def spoken(label: Label) -> str:
    """`: rotation`, as it stands in the title of a strip; empty without a name."""
    return f": {shorten(label.label, LONGEST, placeholder=' ...')}" if label.label else ""


def page(panels: list[Image.Image], heading: str, legend: str) -> Image.Image:
    """Panels of one size under a heading, two side by side."""
    width, height = panels[0].width + MARGIN, panels[0].height + MARGIN
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    top = MARGIN + 2 * LINE
    picture = blank(MARGIN + across * width, top + MARGIN + down * height)
    write(picture, (MARGIN, MARGIN + LINE // 2), heading, bold=True)
    write(picture, (MARGIN, MARGIN + LINE + LINE // 2), legend, colour=QUIET)
    for i, strip in enumerate(panels):
        picture.paste(strip, (MARGIN + i % across * width, top + MARGIN + i // across * height))
    return picture


def shown_latents(generator: Generator, stored: StoredCell) -> Latents:
    """z (LATENTS, d), the same for all methods and seeds of a generator."""
    return generator.sample(LATENTS, stream(stored.result.cell.generator, "strips"))


def shown_shifts(stored: StoredCell) -> Tensor:
    """(SHIFTS,) eps, evenly over the range that R was trained on."""
    most = stored.result.config["protocol"]["max_shift"]
    return torch.linspace(-most, most, SHIFTS)
