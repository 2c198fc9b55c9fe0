"""ablation_k and ablation_lambda: a table and a figure of what a setting buys, and costs."""

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
from benchmark.report.tables.main_table import ENDS, known, rca_columns, rca_row
from benchmark.report.words import ABLATED, ABLATIONS, FACTS, PLACE
from benchmark.runs.ablation import AXES, read_note
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.roles import place
from benchmark.tables.table import Table
from benchmark.tables.writing import without_nan, write_table

DASHES: dict[str, Any] = {"mse": "-", "mae": "--"}  # of the two kinds of shift loss
NO_LOSS = "none"
APART = 0.05  # between lines that would hide each other, in steps of the axis


def write_ablations(run: Path, measures: Measures, order: Sequence[str]) -> list[Table]:
    """Write ablation_<axis>.csv, .md and .tex and a figure, for each axis that was measured.

    order: of the methods.
    """
    found = [ablation_table(run, axis, measures, order) for axis in AXES]
    tables = [table for table in found if table is not None]
    for table in tables:
        write_table(table, run)
        with style.look():
            draw_ablation(table, measures, run / "figures", order)
    return tables


def ablation_table(run: Path, axis: str, measures: Measures, order: Sequence[str]) -> Table | None:
    """One row per generator, method and value of the axis; None where it was not measured."""
    noted = read_note(run, axis)
    if not noted:
        return None
    cells = read_cells(run)
    rows = [
        _row(generator, point, noted[generator]["seeds"], cells, measures)
        for generator in sorted(noted)
        for point in noted[generator]["points"]
    ]
    own = [name for name in AXES[axis] if name not in FACTS]
    terms = {name: FACTS[name] for name in ("k", "chance")}  # first, as K is what may be varied
    columns = {**PLACE, **{name: ABLATED[name] for name in own}, **terms, **rca_columns(measures)}
    frame = known(pd.DataFrame(rows, columns=list(columns)), measures)
    methods = sorted(set(frame["method"]), key=place(order))
    rank = {name: i for i, name in enumerate([*methods, NO_LOSS, *DASHES])}  # and of shift losses
    frame = frame.sort_values(
        ["generator", "method", *reversed(own), "k"],
        key=lambda c: c if c.name in ("generator", "lambda", "k") else c.map(rank),
        ignore_index=True,
    )
    title, words = ABLATIONS[axis]
    return Table(f"ablation_{axis}", title, without_nan(frame), columns, introduction=words)


def _row(
    generator: str,
    point: dict[str, Any],
    seeds: Sequence[int],
    cells: Sequence[StoredCell],
    measures: Measures,
) -> dict[str, Any]:
    """One point: its means over the seeds of the ablation, or why there are none."""
    found = [
        stored
        for stored in cells
        if (c := stored.result.cell).seed in seeds
        and (c.generator, c.method, c.config_hash)
        == (generator, point["method"], point.get("config_hash"))
    ]
    if found:
        row = rca_row(Replicates(generator, point["method"], tuple(found)), measures)
    else:
        reason = point.get("reason")
        status = f"cannot run: {reason}" if reason else "not computed yet: run it again to go on"
        row = {"generator": generator, "method": point["method"], "seeds": 0, "status": status}
        row |= {"k": point["k"], "chance": 1 / point["k"]} if "k" in point else {}
    if "lambda" in point:  # without a weight the kind of loss makes no difference
        row["lambda"] = point["lambda"]
        row["shift_loss"] = point["shift_loss"] if point["lambda"] else NO_LOSS
    return row


def draw_ablation(table: Table, measures: Measures, folder: Path, order: Sequence[str]) -> None:
    """One panel per measure, a block of panels per generator; values of the axis stand evenly."""
    frame = table.frame[table.frame[HEADLINE].notna()]
    if frame.empty:
        return
    axis = table.name.removeprefix("ablation_")
    groups = list(frame.groupby("generator"))
    shown = [
        [name for name in measures.of_rows if name in group and group[name].notna().any()]
        for _, group in groups
    ]
    figure, axes = blocks([len(names) for names in shown])
    for (generator, group), names, own in zip(groups, shown, axes, strict=True):
        values = sorted(set(group[axis]))
        for ax, name in zip(own, names, strict=True):
            _draw_lines(ax, group.assign(place=group[axis].map(values.index)), name, order)
            _draw_reference(ax, group, measures.cell[name].reference, axis, values)
            _frame(ax, group, name)
            ax.set(title=str(generator), xlabel=axis, ylabel=full_label(name, measures.cell[name]))
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
    """What the measure is read against at each value of the axis: chance, or all K directions."""
    ks = values if axis == "k" else [group["k"].iloc[0]] * len(values)
    if reference == "1/k":
        ax.plot(range(len(ks)), [1 / k for k in ks], color=style.GREY, linestyle=":")
    elif reference == "k" and axis == "k":
        ax.plot(range(len(ks)), ks, color=style.GREY, linestyle="-.", linewidth=1)
        ax.annotate("all different ", (len(ks) - 1, ks[-1]), ha="right", va="center")


def _frame(ax: Axes, group: pd.DataFrame, measure: str) -> None:
    """From zero, or the lowest value below it, to a little above all that the panel holds."""
    shown = [measure, *(ENDS if measure == HEADLINE else ())]
    values = group[shown].astype(float).to_numpy()
    drawn = [
        *values[~pd.isna(values)],
        *(y for line in ax.lines for y in np.asarray(line.get_ydata())),
    ]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    ax.set_ylim(1.06 * low, 1.06 * high or 1.0)
