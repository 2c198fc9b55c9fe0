"""Writes all figures of a run as PNG and SVG; draws RCA of each method and its price."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle

from benchmark.charts import style
from benchmark.charts.rows import INTERVAL, Row, draw_rows, point
from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.figures.confusion import draw_confusion
from benchmark.report.figures.lines import draw_curves, draw_directions, draw_shifts
from benchmark.report.figures.panels import blocks, ranked_label
from benchmark.report.figures.places import draw_order
from benchmark.report.tables.main_table import ENDS, direction_table, rca_table, seed_table
from benchmark.runs.replicates import Replicates
from benchmark.tables.table import Kind

SPAN = 0.1  # of an axis of shares or ratios, at least: what differs by less looks alike
RELATIVE_SPAN = 0.05  # the same of other axes, as a share of their largest value
MARGIN = 0.06  # of an axis, beyond its outermost points


def write_figures(
    rows: Sequence[Replicates], measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """Write every figure that the done cells have the data for. order: the methods in order."""
    rows = [r for r in rows if r.done]
    if not rows:
        return
    table = rca_table(rows, measures)
    seeds = seed_table([cell for r in rows for cell in r.done], measures)
    with style.look():
        draw_rca(table, seeds, measures, folder, order)
        draw_price(table, seeds, measures, folder, order)
        draw_directions(direction_table(rows, measures), folder, order)
        draw_shifts(rows, folder, order)
        draw_order(rows, folder, order)
        draw_curves(rows, folder, order)
        draw_confusion(rows, folder)


def draw_rca(
    table: pd.DataFrame, seeds: pd.DataFrame, measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """RCA with its interval, one line per method and facet per generator; hollow points: seeds."""
    groups = list(table.groupby("generator"))
    most = max(len(group) for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + 0.45 * most)
    colour, marker = style.palette(order), style.markers(order)
    end = style.ceiling(table[ENDS[1]])
    for ax, (name, group) in zip(axes, groups, strict=True):
        ax.axvline(group["chance"].iloc[0], color=style.GREY, linestyle=":")
        own = seeds[seeds["generator"] == name]
        draw_rows(ax, [_rca_row(row, own) for row in group.to_dict("records")], colour, marker)
        ax.set(title=f"{name}, K = {group['k'].iloc[0]}", xlabel=measures.label(HEADLINE))
        ax.set_xlim(-0.02 * end, end)
    several = [point("one seed")] if (table["seeds"] > 1).any() else []
    style.legend(figure, [], order, [style.CHANCE, INTERVAL, *several])
    style.save(figure, folder, "rca")


def _rca_row(row: Mapping[Any, Any], seeds: pd.DataFrame) -> Row:
    own = seeds[seeds["method"] == row["method"]][HEADLINE]
    points = list(own) if len(own) > 1 else []
    low, high = ENDS
    return Row(
        row["method"],
        row[HEADLINE],
        f"{row[HEADLINE]:.3f}",
        (row[low], row[high]),
        points,
        [0.28] * len(points),
    )


def draw_price(
    table: pd.DataFrame, seeds: pd.DataFrame, measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """RCA beside what it can be bought with: one panel per measure, a block of them per generator.

    Every panel has a range of its own; the worse end is right.
    """
    groups = list(table.groupby("generator"))
    shown = [
        [name for name in measures.of_prices if name in group and group[name].notna().any()]
        for _, group in groups
    ]
    if not any(shown):
        return
    figure, axes = blocks([len(names) for names in shown])
    end = style.ceiling(seeds[HEADLINE])
    for (generator, group), names, own in zip(groups, shown, axes, strict=True):
        of_seeds = seeds[seeds["generator"] == generator]
        for ax, name in zip(own, names, strict=True):
            _scatter(ax, of_seeds, name, order, size=16, alpha=0.5)
            _scatter(ax, group, name, order, size=60)
            ax.axhline(group["chance"].iloc[0], color=style.GREY, linestyle=":")
            ax.set(title=generator, ylabel=measures.label(HEADLINE), ylim=(0, end))
            column = measures.cell[name]
            low, high = limits(pd.concat([of_seeds[name], group[name]]), column.kind)
            ax.set_xlim((high, low) if column.better == "high" else (low, high))
            ax.set_xlabel(ranked_label(name, column))
            ax.grid(visible=True, axis="both")
    style.legend(figure, table["method"], order, [style.CHANCE])
    style.save(figure, folder, "price")


def _scatter(
    ax: Axes,
    frame: pd.DataFrame,
    name: str,
    order: Sequence[str],
    size: float,
    alpha: float | None = None,
) -> None:
    """RCA over a measure, a point for each row, with its method's colour and marker."""
    shown = frame[["method", name, HEADLINE]].dropna()
    if shown.empty:
        return
    colour, marker = style.palette(order), style.markers(order)
    points = ax.scatter(
        shown[name],
        shown[HEADLINE],
        s=size,
        alpha=alpha,
        color=[colour[method] for method in shown["method"]],
        edgecolor="white",
        linewidth=0.08 * np.sqrt(size),
    )
    shapes = [MarkerStyle(marker[method]) for method in shown["method"]]
    points.set_paths([shape.get_path().transformed(shape.get_transform()) for shape in shapes])


def limits(values: pd.Series, kind: Kind) -> tuple[float, float]:
    """Where an axis of these values begins and ends."""
    low, high = float(values.min()), float(values.max())
    least = SPAN if kind in ("share", "ratio") else RELATIVE_SPAN * max(abs(low), abs(high))
    span = max(high - low, least) or 1.0
    first = (low + high - span) / 2
    if low >= 0:  # no axis of what cannot be negative goes far below 0
        first = max(first, 0.0)
    return first - MARGIN * span, first + (1 + MARGIN) * span
