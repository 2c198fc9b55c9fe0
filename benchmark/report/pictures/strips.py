"""Image strips: what a method's best directions do to images."""

from collections.abc import Mapping
from textwrap import shorten

from PIL import Image

from benchmark.directions.labels import Label
from benchmark.report.pictures.painted import Painted
from benchmark.report.pictures.panel import LINE, QUIET, blank, panel, write

DIRECTIONS = 8  # strips of a picture
MARGIN = 16  # pixels between strips
LONGEST = 48  # characters of a name above a strip


def draw_strips(painted: Painted) -> Image.Image:
    """The directions of a cell that its fresh R names best, the best first, two side by side."""
    directions = painted.directions
    names = {k: spoken(label) for k, label in directions.names().items()}
    titles = {
        k: f"direction {k}, accuracy {accuracy:.2f}{names.get(k, '')}"
        for k, accuracy in painted.stored.ranking()[:DIRECTIONS]
    }
    what = f"{len(titles)} of {len(directions)} directions, those that R names best"
    return draw(painted, titles, what)


def draw(painted: Painted, titles: Mapping[int, str], what: str) -> Image.Image:
    """A strip under its title for each k in `titles`, in that order. what: which they are."""
    cell = painted.stored.result.cell
    strips = [panel(painted.images(k), painted.eps, title) for k, title in titles.items()]
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
