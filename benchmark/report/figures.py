"""The figures of a run, each as PNG and SVG; here those of whole rows: RCA and its price."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from benchmark.report import style
from benchmark.report.confusion import draw_confusion
from benchmark.report.lines import draw_curves, draw_directions, draw_shifts
from benchmark.report.replicates import Replicates
from benchmark.report.tables import direction_table, rca_table, seed_table


def write_figures(rows: Sequence[Replicates], folder: Path) -> None:
    """Write every figure that the done cells have the data for."""
    rows = [r for r in rows if r.done]
    if not rows:
        return
    table, seeds = rca_table(rows), seed_table([cell for r in rows for cell in r.done])
    with style.look():
        draw_rca(table, seeds, folder)
        draw_price(table, seeds, folder)
        draw_directions(direction_table(rows), folder)
        draw_shifts(rows, folder)
        draw_curves(rows, folder)
        draw_confusion(rows, folder)


def draw_rca(table: pd.DataFrame, seeds: pd.DataFrame, folder: Path) -> None:
    """RCA with its interval, a line a method, a facet a generator; hollow points are seeds."""
    groups = list(table.groupby("generator"))
    most = max(len(group) for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + 0.45 * most)
    colour, marker = style.palette(table["method"]), style.markers(table["method"])
    for ax, (name, group) in zip(axes, groups, strict=True):
        ax.axvline(group["chance"].iloc[0], color=style.GREY, linestyle=":")
        for place, row in enumerate(group.itertuples()):
            look = {"color": colour[row.method], "marker": marker[row.method]}
            ax.hlines(place, row.rca_fresh_low, row.rca_fresh_high, color=look["color"], lw=2)
            ax.plot(row.rca_fresh, place, markersize=6, **look)
            ax.annotate(f"{row.rca_fresh:.3f}", (row.rca_fresh, place - 0.18), ha="center",
                        va="bottom", fontsize="small")  # fmt: skip
            own = seeds[(seeds["generator"] == name) & (seeds["method"] == row.method)]
            if len(own) > 1:
                ax.plot(own["rca_fresh"], np.full(len(own), place + 0.28), linestyle="none",
                        markersize=3.5, markerfacecolor="white", **look)  # fmt: skip
        ax.set(title=f"{name}, K = {group['k'].iloc[0]}", xlabel="RCA of a fresh R")
        ax.set(xlim=(0, 1), ylim=(len(group) - 0.5, -0.6))
        ax.set_yticks(range(len(group)), group["method"])
        ax.grid(visible=False, axis="y")
        ax.grid(axis="x")
    interval = Line2D([], [], color=style.GREY, lw=2, label="95% interval")
    seed = Line2D([], [], color=style.GREY, marker="o", linestyle="none", markersize=3.5,
                  markerfacecolor="white", label="one seed")  # fmt: skip
    several = [seed] if (table["seeds"] > 1).any() else []
    style.legend(figure, [], [style.CHANCE, interval, *several])
    style.save(figure, folder, "rca")


def draw_price(table: pd.DataFrame, seeds: pd.DataFrame, folder: Path) -> None:
    """RCA beside redundancy and collapse: what it was bought with. Both axes get worse rightward."""
    generators = list(dict.fromkeys(table["generator"]))
    figure, axes = style.facets(2 * len(generators), columns=2)
    colour, marker = style.palette(table["method"]), style.markers(table["method"])
    for i, name in enumerate(generators):
        for ax, column in zip(axes[2 * i : 2 * i + 2], ("max_cosine", "collapse"), strict=True):
            for frame, look in ((seeds, {"s": 14, "alpha": 0.45}), (table, {"s": 60})):
                sns.scatterplot(
                    frame[frame["generator"] == name], x=column, y="rca_fresh", hue="method",
                    style="method", palette=colour, markers=marker, legend=False, ax=ax, **look,
                )  # fmt: skip
            ax.axhline(table.loc[table["generator"] == name, "chance"].iloc[0],
                       color=style.GREY, linestyle=":")  # fmt: skip
            ax.set(title=name, ylabel="RCA of a fresh R", ylim=(0, 1))
            ax.grid(axis="both")
        redundancy, collapse = axes[2 * i : 2 * i + 2]
        redundancy.set(xlabel="max_cosine: directions alike", xlim=(-0.02, 1))
        collapse.set(xlabel="collapse: variety left after the shift", xlim=(1.05, 0))
    style.legend(figure, table["method"], [style.CHANCE])
    style.save(figure, folder, "price")
