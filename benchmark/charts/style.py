"""How the figures look, and how they are saved: the same content gives the same bytes."""

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from io import StringIO
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.core.storage import write_atomically, write_text

NARROWEST = 5.4  # inches of a figure
LEGEND_WIDTH = 1.35  # inches of an entry
DPI = 200  # of a WebP, and of what is no line in an SVG
LOSSLESS: dict[str, Any] = {"lossless": True, "quality": 20, "method": 2}  # quality: of the search
SPARE = re.compile(r"(\d+\.\d\d)\d+")  # digits of a number that nobody sees
MARKERS = "oDs^vPXp<>"
GREY = "#6b6b6b"
PALE = ("#332288", "#999933")  # in place of a pink and a yellow that are faint on white
CHANCE = Line2D([], [], color=GREY, linestyle=":", label="chance, 1 / K")


def look() -> AbstractContextManager[None]:
    """The settings under which a figure is drawn and saved."""
    return mpl.rc_context(
        {
            **sns.axes_style("ticks"),
            **sns.plotting_context("paper"),
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": "#e6e6e6",
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.titleweight": "bold",
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "svg.hashsalt": "bench",
        }
    )


def facets(
    n: int, columns: int = 3, width: float = 3.4, height: float = 2.8
) -> tuple[Figure, list[Axes]]:
    """A figure with n axes, at most `columns` side by side, width x height inches each.

    The figure is no part of pyplot, so it needs no closing and no display.
    """
    n_rows = -(-n // columns)
    columns = -(-n // n_rows)  # four go two by two, not three and one
    across = max(width * columns, NARROWEST)
    figure = Figure(figsize=(across, height * n_rows + 0.4))  # 0.4: the legend
    grid = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for spare in grid[n:]:
        spare.remove()
    return figure, list(grid[:n])


def ceiling(shares: pd.Series) -> float:
    """The end of an axis of shares: about a tenth above the largest, at most just beyond 1."""
    return 1.02 * min(1.0, ceil(10 * shares.max() + 0.5) / 10)


def palette(order: Sequence[str]) -> dict[Any, Any]:
    """A colour for each name in this order; colour-blind readers can tell ten of them apart.

    The figures of a run all take the order of its roles, so a method looks the same in each.
    """
    base = [*sns.color_palette("colorblind", 10)]
    base[6], base[8] = PALE
    if len(order) > len(base):  # none twice: lines of training have no marker to tell them apart
        base = [*sns.color_palette("husl", len(order))]
    return dict(zip(order, base, strict=False))


def markers(order: Sequence[str]) -> dict[Any, str]:
    """A marker for each name in this order, so that colour is not the only difference."""
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(order)}


def legend(
    figure: Figure,
    shown: Iterable[str],
    order: Sequence[str],
    others: Iterable[Line2D] = (),
    marked: bool = True,
) -> None:
    """One legend for all facets, above them: the methods that are shown, then `others`."""
    colour, marker = palette(order), markers(order) if marked else {}
    present = set(shown)
    handles = [
        Line2D([], [], color=colour[m], marker=marker.get(m), markersize=5, label=m)
        for m in order
        if m in present
    ]
    handles += others
    ncols = min(len(handles), int(figure.get_figwidth() / LEGEND_WIDTH))
    figure.legend(handles=handles, loc="outside upper center", ncols=ncols)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write name.svg and name.webp without dates; name.png, which earlier versions wrote, goes.

    Both are drawn by their own canvas: `Figure.savefig` would lay the figure out again for each.
    """
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.dpi = DPI
    webp = partial(FigureCanvasAgg(figure).print_webp, pil_kwargs=LOSSLESS)
    write_atomically(folder / f"{name}.webp", webp)
    svg, draw = StringIO(), partial(FigureCanvasSVG(figure).print_svg, metadata={"Date": None})
    draw(svg)
    write_text(folder / f"{name}.svg", lean(svg.getvalue()))
    (folder / f"{name}.png").unlink(missing_ok=True)


def lean(svg: str) -> str:
    """The same drawing in fewer bytes: without line breaks, paths to a hundredth of a point."""
    svg = re.sub(r"(?<=;base64,)[^\"]*", lambda data: re.sub(r"\s", "", data[0]), svg)
    svg = re.sub(r"\s+", " ", re.sub(r">\s+<", "><", svg))
    return re.sub(r'(?<= d=")[^"]*', lambda path: SPARE.sub(r"\1", path[0]), svg)
