"""The figures of a run, each as PNG and SVG; here those of whole rows: RCA and its price."""

from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns

from benchmark.charts import style
from benchmark.charts.rows import INTERVAL, Row, draw_rows, point
from benchmark.report.figures.confusion import draw_confusion
from benchmark.report.figures.lines import draw_curves, draw_directions, draw_shifts
from benchmark.report.tables.main_table import direction_table, rca_table, seed_table
from benchmark.runs.replicates import Replicates


def write_figures(rows: Sequence[Replicates], folder: Path, order: Sequence[str]) -> None:
    """Write every figure that the done cells have the data for. order: of the methods."""
    rows = [r for r in rows if r.done]
    if not rows:
        return
    table, seeds = rca_table(rows), seed_table([cell for r in rows for cell in r.done])
    with style.look():
        draw_rca(table, seeds, folder, order)
        draw_price(table, seeds, folder, order)
        draw_directions(direction_table(rows), folder, order)
        draw_shifts(rows, folder, order)
        draw_curves(rows, folder, order)
        draw_confusion(rows, folder)


def draw_rca(table: pd.DataFrame, seeds: pd.DataFrame, folder: Path, order: Sequence[str]) -> None:
    """RCA with its interval, one line per method and facet per generator; hollow points: seeds."""
    groups = list(table.groupby("generator"))
    most = max(len(group) for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + 0.45 * most)
    colour, marker = style.palette(order), style.markers(order)
    end = style.ceiling(table["rca_fresh_high"])
    for ax, (name, group) in zip(axes, groups, strict=True):
        ax.axvline(group["chance"].iloc[0], color=style.GREY, linestyle=":")
        own = seeds[seeds["generator"] == name]
        draw_rows(ax, [_rca_row(row, own) for row in group.to_dict("records")], colour, marker)
        ax.set(title=f"{name}, K = {group['k'].iloc[0]}", xlabel="RCA of a fresh R")
        ax.set_xlim(-0.02 * end, end)
    several = [point("one seed")] if (table["seeds"] > 1).any() else []
    style.legend(figure, [], order, [style.CHANCE, INTERVAL, *several])
    style.save(figure, folder, "rca")


def _rca_row(row: Mapping[Any, Any], seeds: pd.DataFrame) -> Row:
    own = seeds[seeds["method"] == row["method"]]["rca_fresh"]
    points = list(own) if len(own) > 1 else []
    return Row(
        row["method"],
        row["rca_fresh"],
        f"{row['rca_fresh']:.3f}",
        (row["rca_fresh_low"], row["rca_fresh_high"]),
        points,
        [0.28] * len(points),
    )


def draw_price(
    table: pd.DataFrame, seeds: pd.DataFrame, folder: Path, order: Sequence[str]
) -> None:
    """RCA beside redundancy and collapse: what it was bought with. The worse end is right."""
    groups = list(table.groupby("generator"))
    figure, axes = style.facets(2 * len(groups), columns=2)
    colour, marker = style.palette(order), style.markers(order)
    end, alike = style.ceiling(seeds["rca_fresh"]), style.ceiling(seeds["max_cosine"])
    kept = max(1.0, seeds["collapse"].max()), floor(10 * seeds["collapse"].min() - 0.5) / 10
    for i, (name, group) in enumerate(groups):
        own = seeds[seeds["generator"] == name]
        redundancy, collapse = axes[2 * i : 2 * i + 2]
        for ax, column in ((redundancy, "max_cosine"), (collapse, "collapse")):
            for frame, look in ((own, {"s": 16, "alpha": 0.5}), (group, {"s": 60})):
                sns.scatterplot(
                    frame,
                    x=column,
                    y="rca_fresh",
                    hue="method",
                    style="method",
                    ax=ax,
                    palette=colour,
                    markers=marker,
                    legend=False,
                    **look,
                )
            ax.axhline(group["chance"].iloc[0], color=style.GREY, linestyle=":")
            ax.set(title=name, ylabel="RCA of a fresh R", ylim=(0, end))
            ax.grid(visible=True, axis="both")
        redundancy.set(xlabel="max_cosine (0: no redundancy)", xlim=(-0.03 * alike, alike))
        collapse.set(
            xlabel="collapse (1: all variety kept)",
            xlim=(kept[0] + 0.03 * (kept[0] - kept[1]), kept[1]),
        )
    style.legend(figure, table["method"], order, [style.CHANCE])
    style.save(figure, folder, "price")
