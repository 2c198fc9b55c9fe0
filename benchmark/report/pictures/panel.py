"""A labelled grid of images: a column for each eps, the column of unshifted images framed."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from benchmark.core.contact_sheet import contact_sheet

LEAST = 64  # pixels of an image's side on paper
GAP = 2  # pixels between images
LINE = 20  # pixels of a line of text
INK, QUIET, ACCENT = "#222222", "#6b6b6b", "#d55e00"


def panel(images: Tensor, eps: Tensor, title: str, row_labels: Sequence[str] = ()) -> Image.Image:
    """(rows, E, C, H, W) images in [-1, 1] under a title and the values of eps.

    row_labels: a text left of each row, or none.
    """
    height, width = images.shape[-2:]
    scale = max(1, -(-LEAST // width))
    sheet = contact_sheet(images.flatten(0, 1), len(eps), GAP, scale)
    across, down = width * scale + GAP, height * scale + GAP  # from one image to the next
    left = max((int(_font().getlength(label)) + 10 for label in row_labels), default=0)
    picture = blank(left + sheet.width, 2 * LINE + sheet.height)
    picture.paste(sheet.convert("RGB"), (left, 2 * LINE))
    write(picture, (left + GAP, LINE // 2), title, bold=True)
    for i, shift in enumerate(eps.tolist()):
        middle = left + GAP + i * across + (across - GAP) // 2
        write(picture, (middle, LINE + LINE // 2), signed(shift), "mm", QUIET)
    for i, label in enumerate(row_labels):
        write(picture, (left - 6, 2 * LINE + GAP + i * down + (down - GAP) // 2), label, "rm")
    start = left + (len(eps) // 2) * across
    frame = (start, 2 * LINE, start + across + GAP - 1, 2 * LINE + sheet.height - 1)
    ImageDraw.Draw(picture).rectangle(frame, outline=ACCENT, width=GAP)
    return picture


def signed(shift: float) -> str:
    """A value of eps: `+4.5`, `0`, and a true minus sign below."""
    return f"{shift:+.3g}".replace("-", "\N{MINUS SIGN}") if shift else "0"


def blank(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


def write(
    picture: Image.Image,
    place: tuple[int, int],
    text: str,
    anchor: str = "lm",
    colour: str = INK,
    bold: bool = False,
) -> None:
    """Text on a picture; anchor as Pillow names it."""
    ImageDraw.Draw(picture).text(place, text, colour, _font(bold), anchor)


def _font(bold: bool = False) -> ImageFont.FreeTypeFont:
    """Matplotlib's own font, so that pictures match the figures and look alike on every machine."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(fonts / name), 12, layout_engine=ImageFont.Layout.BASIC)
