"""A chart whose rows each show a value, its interval, and below it the points that it sums up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmark.charts import style

HOLLOW: dict[str, Any] = {"linestyle": "none", "markersize": 3.5, "markerfacecolor": "white"}
INTERVAL = Line2D(
    [], [], color=style.GREY, linewidth=2, solid_capstyle="round", label="95% interval"
)


@dataclass(frozen=True)
class Row:
    """One row of the chart.

    label: the value in digits, or why there is none. interval: its ends, or None. points: the
    values that it sums up.
    below: how far under the row each point is drawn; 1 is the place of the next row.
    """

    method: str
    value: float | None
    label: str
    interval: tuple[float, float] | None
    points: Sequence[float] = ()
    below: Sequence[float] = ()


def draw_rows(
    ax: Axes, rows: Sequence[Row], colour: Mapping[Any, Any], marker: Mapping[Any, str]
) -> None:
    """Draw the rows, the first one at the top."""
    for place, row in enumerate(rows):
        if row.value is None:
            ax.annotate(row.label, (0.0, place), (4, 0), textcoords="offset points", va="center")
            continue
        look: dict[str, Any] = {"color": colour[row.method], "marker": marker[row.method]}
        if row.interval is not None:
            ax.plot(
                row.interval,
                [place, place],
                color=colour[row.method],
                linewidth=2,
                marker="|",
                markersize=11,
                markeredgewidth=1.2,
            )
        ax.plot(row.value, place, markersize=5, **look)
        ax.annotate(row.label, (row.value, place - 0.2), ha="center", va="bottom")
        ax.plot(row.points, [place + below for below in row.below], **HOLLOW, **look)
    ax.set_ylim(len(rows) - 0.5, -0.6)
    ax.set_yticks(range(len(rows)), [row.method for row in rows])
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")


def point(label: str) -> Line2D:
    """The legend's entry for the points."""
    return Line2D([], [], color=style.GREY, marker="o", label=label, **HOLLOW)
