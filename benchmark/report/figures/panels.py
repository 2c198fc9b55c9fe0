"""Figures of a block of panels for each generator, a panel for each measure."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.metrics.measures import label
from benchmark.tables.table import Column

ACROSS = 3  # panels side by side, at most


def blocks(sizes: Sequence[int]) -> tuple[Figure, list[list[Axes]]]:
    """A figure of blocks, one below the other; block i begins a new line and has sizes[i] axes."""
    most = max(sizes)
    across = -(-most // -(-most // ACROSS))  # four go two by two, not three and one
    lines = [-(-size // across) for size in sizes]
    figure, axes = style.facets(across * sum(lines), across)
    found, first = [], 0
    for size, height in zip(sizes, lines, strict=True):
        own, first = axes[first : first + across * height], first + across * height
        for spare in own[size:]:
            spare.remove()
        found.append(own[:size])
    return figure, found


def lines_of_panels(sizes: Sequence[int], across: int) -> tuple[Figure, list[list[Axes]]]:
    """A figure of blocks, one below the other, each a line of panels that share one axis of
    methods; block i has room for sizes[i] methods."""
    heights = [0.7 + 0.2 * size for size in sizes]
    figure = Figure(figsize=(max(1.0 + 2.3 * across, style.NARROWEST), sum(heights) + 0.5))
    grid = figure.subplots(len(sizes), across, squeeze=False, sharey="row", height_ratios=heights)
    return figure, [list(line) for line in grid]


def full_label(name: str, column: Column) -> str:
    """The column's label, and its name beside it where the two differ."""
    short = label(name, column)
    return short if short == name.replace("_", " ") else f"{short} ({name})"


def ranked_label(name: str, column: Column) -> str:
    """The full label, and which end is better: that on the right."""
    ends = {
        "high": "\nhigher is better \N{RIGHTWARDS ARROW}",
        "low": "\nlower is better \N{RIGHTWARDS ARROW}",
        "": "",
    }
    return full_label(name, column) + ends[column.better]
