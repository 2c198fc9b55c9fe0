"""Figures of every measure over the values of one setting: ablation_k, _lambda and _steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmark.charts import style
from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.figures.panels import blocks, full_label
from benchmark.report.tables.main_table import ENDS
from benchmark.report.words import ABLATED, NO_LOSS, TIMES_CHANCE
from benchmark.tables.table import Table

DASHES: dict[str, Any] = {"mse": "-", "mae": "--"}  # of the two kinds of shift loss
APART = 0.05  # between lines that would hide each other, in steps of the axis
ROUNDING = 5e-4  # what is smaller is 0 in the tables, and no trend to be seen


def draw_ablations(
    tables: Sequence[Table], measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """Draw a figure beside each table that holds numbers. order: the methods in order."""
    with style.look():
        for table in tables:
            draw_ablation(table, measures, folder, order)


def draw_ablation(table: Table, measures: Measures, folder: Path, order: Sequence[str]) -> None:
    """One panel per measure, a block of panels per generator; values of the axis stand evenly."""
    frame = table.frame[table.frame[HEADLINE].notna()]
    if frame.empty:
        return
    axis = table.name.removeprefix("ablation_")
    groups = list(frame.groupby("generator"))
    columns = {**measures.cell, TIMES_CHANCE: ABLATED[TIMES_CHANCE]}
    others = [name for name in measures.of_main if name != HEADLINE]
    every = [HEADLINE, TIMES_CHANCE, *others]
    shown = [
        [name for name in every if name in group and group[name].notna().any()]
        for _, group in groups
    ]
    figure, axes = blocks([len(names) for names in shown])
    for (generator, group), names, own in zip(groups, shown, axes, strict=True):
        values = sorted(set(group[axis]))
        for ax, name in zip(own, names, strict=True):
            _draw_lines(ax, group.assign(place=group[axis].map(values.index)), name, order)
            _draw_reference(ax, group, columns[name].reference, axis, values)
            _frame(ax, group, name)
            ax.set(title=str(generator), xlabel=axis, ylabel=full_label(name, columns[name]))
            ax.set_xticks(range(len(values)), [f"{value:g}" for value in values])
    several = [
        Line2D([], [], color=style.GREY, linestyle=line, label=f"shift loss {loss}")
        for loss, line in DASHES.items()
        if axis == "lambda" and loss in set(frame["shift_loss"])
    ]
    style.legend(figure, frame["method"], order, [*several, style.CHANCE])
    style.save(figure, folder, table.name)


def _draw_lines(ax: Axes, group: pd.DataFrame, measure: str, order: Sequence[str]) -> None:
    """One line per method and kind of shift loss; the headline with its interval."""
    colour, marker = style.palette(order), style.markers(order)
    aside = 0.0
    for method, rows in group.groupby("method"):
        look = {"color": colour[method], "marker": marker[method], "markersize": 5}
        for loss, line in (DASHES if "shift_loss" in rows else {"": "-"}).items():
            own = rows[rows["shift_loss"].isin([loss, NO_LOSS])] if loss else rows
            own = own.dropna(subset=measure).sort_values("place")
            if own.empty:
                continue
            ax.plot(own["place"] + aside, own[measure], linestyle=line, **look)
            if measure == HEADLINE:
                ends = own[list(ENDS)].astype(float).to_numpy().T
                ax.vlines(own["place"] + aside, *ends, color=colour[method], linewidth=1)
            aside += APART


def _draw_reference(
    ax: Axes, group: pd.DataFrame, reference: str, axis: str, values: Sequence[float]
) -> None:
    """Draw the reference of the measure at each value of the axis: chance, or all K directions."""
    ks = values if axis == "k" else [group["k"].iloc[0]] * len(values)
    if reference == "1/k":
        ax.plot(range(len(ks)), [1 / k for k in ks], color=style.GREY, linestyle=":")
    elif reference == "k" and axis == "k":
        ax.plot(range(len(ks)), ks, color=style.GREY, linestyle="-.", linewidth=1)
        ax.annotate("all different ", (len(ks) - 1, ks[-1]), ha="right", va="center")


def _frame(ax: Axes, group: pd.DataFrame, measure: str) -> None:
    """Limit the axis: from zero, or the lowest value below it, to a little above all values."""
    shown = [measure, *(ENDS if measure == HEADLINE else ())]
    values = group[shown].astype(float).to_numpy()
    drawn = [
        *values[~pd.isna(values)],
        *(y for line in ax.lines for y in np.asarray(line.get_ydata())),
    ]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    if high - low < ROUNDING:
        low = high = 0.0
    ax.set_ylim(1.06 * low, 1.06 * high or 1.0)
