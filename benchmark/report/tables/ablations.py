"""ablation_k and ablation_lambda: a table and a figure of what a setting buys, and costs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmark.charts import style
from benchmark.report.tables.main_table import rca_row
from benchmark.report.words import ABLATED, ABLATIONS, COLUMNS
from benchmark.runs.ablation import AXES, read_note
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.roles import place
from benchmark.tables.table import Table
from benchmark.tables.writing import without_nan, write_table

SHOWN = (
    "k",
    "chance",
    "rca_fresh",
    "rca_fresh_low",
    "rca_fresh_high",
    "rca_joint",
    "shift_error",
    "max_cosine",
    "effective_rank",
    "collapse",
    "n",
    "seeds",
    "seconds",
    "status",
)
MEASURES = {
    "rca_fresh": "RCA of a fresh R",
    "rca_joint": "RCA of the joint R",
    "shift_error": "shift error, in units of eps",
    "max_cosine": "max_cosine (0: no redundancy)",
    "effective_rank": "effective rank",
    "collapse": "collapse (1: all variety kept)",
}
DASHES: dict[str, Any] = {"mse": "-", "mae": "--"}  # of the two kinds of shift loss
NO_LOSS = "none"
APART = 0.05  # between lines that would hide each other, in steps of the axis


def write_ablations(run: Path, order: Sequence[str]) -> list[Table]:
    """Write ablation_<axis>.csv, .md and .tex and a figure, for each axis that was measured.

    order: of the methods.
    """
    tables = [table for axis in AXES if (table := ablation_table(run, axis, order)) is not None]
    for table in tables:
        write_table(table, run)
        with style.look():
            draw_ablation(table, run / "figures", order)
    return tables


def ablation_table(run: Path, axis: str, order: Sequence[str]) -> Table | None:
    """One row per generator, method and value of the axis; None where it was not measured."""
    noted = read_note(run, axis)
    if not noted:
        return None
    cells = read_cells(run)
    rows = [
        _row(generator, point, noted[generator]["seeds"], cells)
        for generator in sorted(noted)
        for point in noted[generator]["points"]
    ]
    own = [name for name in AXES[axis] if name not in SHOWN]
    columns = {"generator": COLUMNS["generator"], "method": COLUMNS["method"]}
    columns |= {name: ABLATED[name] for name in own} | {name: COLUMNS[name] for name in SHOWN}
    frame = pd.DataFrame(rows, columns=list(columns))
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
    generator: str, point: dict[str, Any], seeds: Sequence[int], cells: Sequence[StoredCell]
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
        row = rca_row(Replicates(generator, point["method"], tuple(found)))
    else:
        reason = point.get("reason")
        status = f"cannot run: {reason}" if reason else "not computed yet: run it again to go on"
        row = {"generator": generator, "method": point["method"], "seeds": 0, "status": status}
        row |= {"k": point["k"], "chance": 1 / point["k"]} if "k" in point else {}
    if "lambda" in point:  # without a weight the kind of loss makes no difference
        row["lambda"] = point["lambda"]
        row["shift_loss"] = point["shift_loss"] if point["lambda"] else NO_LOSS
    return row


def draw_ablation(table: Table, folder: Path, order: Sequence[str]) -> None:
    """One facet per measure, one row of facets per generator; values of the axis stand evenly."""
    frame = table.frame[table.frame["rca_fresh"].notna()]
    if frame.empty:
        return
    axis = table.name.removeprefix("ablation_")
    groups = list(frame.groupby("generator"))
    figure, axes = style.facets(len(MEASURES) * len(groups), columns=3)
    for i, (name, group) in enumerate(groups):
        own = axes[i * len(MEASURES) : (i + 1) * len(MEASURES)]
        values = sorted(set(group[axis]))
        for ax, (measure, label) in zip(own, MEASURES.items(), strict=True):
            _draw_lines(ax, group.assign(place=group[axis].map(values.index)), measure, order)
            _draw_reference(ax, group, measure, values if axis == "k" else [])
            ax.set(title=str(name), xlabel=axis, ylabel=label)
            ax.set_xticks(range(len(values)), [f"{value:g}" for value in values])
    several = [
        Line2D([], [], color=style.GREY, linestyle=line, label=f"shift loss {loss}")
        for loss, line in DASHES.items()
        if axis == "lambda" and loss in set(frame["shift_loss"])
    ]
    style.legend(figure, frame["method"], order, [*several, style.CHANCE])
    style.save(figure, folder, table.name)


def _draw_lines(ax: Axes, group: pd.DataFrame, measure: str, order: Sequence[str]) -> None:
    """One line per method and kind of shift loss; rca_fresh with its interval."""
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
            if measure == "rca_fresh":
                ends = own[["rca_fresh_low", "rca_fresh_high"]].astype(float).to_numpy().T
                ax.vlines(own["place"] + aside, *ends, color=colour[method], linewidth=1)
            aside += APART


def _draw_reference(ax: Axes, group: pd.DataFrame, measure: str, ks: Sequence[int]) -> None:
    """Chance below an RCA; above effective rank what it would be if all directions differed."""
    most = float(group[measure].astype(float).max())
    if measure.startswith("rca"):
        chance = [1 / k for k in ks] or [group["chance"].iloc[0]] * group["lambda"].nunique()
        ax.plot(range(len(chance)), chance, color=style.GREY, linestyle=":")
        most = group[["rca_fresh_high", "rca_joint"]].astype(float).to_numpy().max()
    elif measure == "effective_rank" and ks:
        ax.plot(range(len(ks)), ks, color=style.GREY, linestyle="-.", linewidth=1)
        ax.annotate("all different ", (len(ks) - 1, ks[-1]), ha="right", va="center")
        most = ks[-1]
    ax.set_ylim(0, 1.06 * most or 1.0)
