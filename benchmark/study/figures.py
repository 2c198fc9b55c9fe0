"""The figures of a study: MOS or wins of each method, change types, and RCA against MOS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmark.charts import style
from benchmark.charts.rows import INTERVAL, Row, draw_rows, point
from benchmark.core.judgments import DIRECTION, shared_generators
from benchmark.study.analyse import Analysis
from benchmark.study.tables.mos_comparisons import POOLED

STACKED, HIGHEST, COLUMNS = 0.022, 0.09, 45  # of points that would hide each other
ENDS = ("correlation_low", "correlation_high")
NARROW = 0.15  # a share below this has no room for its number
HATCHES = ("", "////", "....", "xxxx", "----", "\\\\\\\\", "++++", "oooo", "****")


def write_figures(analysis: Analysis, folder: Path, order: Sequence[str] = ()) -> None:
    """Write mos, change_types, rca_mos and wins, each where there is something to show.

    order: all methods of the run, so that each looks as in the run's own figures; by default those
    of the study alone.
    """
    others = [name for name in analysis.order if name not in order]
    analysis = replace(analysis, order=(*order, *others))
    names = {table.name for table in analysis.tables}
    with style.look():
        if "mos_methods" in names:
            draw_mos(analysis, folder)
            draw_prediction(analysis, folder)
        if "change_types" in names:
            draw_change_types(analysis, folder)
        if "wins" in names:
            draw_wins(analysis, folder)


def draw_mos(analysis: Analysis, folder: Path) -> None:
    """MOS with its interval and the number of directions: one line per method, one facet per
    generator, and one for those together that the methods share; hollow: directions."""
    directions = analysis.directions
    shared = shared_generators(directions)

    def row_of(row: Mapping[Any, Any]) -> Row:
        own = shared if _pooled(row) else [row["generator"]]
        return _mos_row(row, directions[directions["generator"].isin(own)])

    figure, _ = _draw_shares(
        analysis, "mos_methods", 0.6, row_of, "directions", "mean opinion score of n directions"
    )
    drawn = [INTERVAL] if analysis.table("mos_methods").frame["mos_low"].notna().any() else []
    style.legend(figure, [], analysis.order, [*drawn, point("one direction")])
    style.save(figure, folder, "mos")


def _mos_row(row: Mapping[Any, Any], directions: pd.DataFrame) -> Row:
    own = directions[directions["method"] == row["method"]]
    stacked = own.groupby("mos").cumcount().clip(upper=9)  # equal ones stand below each other
    interval = None if row["mos_low"] is None else (row["mos_low"], row["mos_high"])
    below = list(0.16 + 0.03 * stacked)
    label = f"{row['mos']:.2f}, n = {len(own)}"
    return Row(row["method"], row["mos"], label, interval, list(own["mos"]), below)


def draw_wins(analysis: Analysis, folder: Path) -> None:
    """Shares of wins with their intervals: one line per method, one facet per generator; the
    dotted line is where nobody is better."""

    def row_of(row: Mapping[Any, Any]) -> Row:
        interval = None if pd.isna(row["wins_low"]) else (row["wins_low"], row["wins_high"])
        return Row(row["method"], row["wins"], f"{row['wins']:.2f}", interval)

    figure, axes = _draw_shares(
        analysis, "wins", 0.5, row_of, "pairs", "share of wins in n pairs, a tie half a win"
    )
    for ax in axes:
        ax.axvline(0.5, color=style.GREY, linestyle=":")
    drawn = [INTERVAL] if analysis.table("wins").frame["wins_low"].notna().any() else []
    style.legend(figure, [], analysis.order, drawn)
    style.save(figure, folder, "wins")


def _draw_shares(
    analysis: Analysis,
    name: str,
    height: float,
    row_of: Callable[..., Row],
    number: str,
    label: str,
) -> tuple[Figure, Sequence[Axes]]:
    """A table's rows from 0 to 1: one line per method, of this height in inches, one facet per
    generator. row_of: how a row of the table is drawn. number: the column that says of how many."""
    table = _in_order(analysis.table(name).frame, analysis.order)
    groups = list(table.groupby("generator", sort=False))
    most = max(len(group) for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + height * most)
    colour, marker = style.palette(analysis.order), style.markers(analysis.order)
    for ax, (generator, group) in zip(axes, groups, strict=True):
        rows = group.to_dict("records")
        draw_rows(ax, [row_of(row) for row in rows], colour, marker)
        ax.set_yticks(range(len(rows)), [f"{row['method']}\nn = {row[number]}" for row in rows])
        ax.set(title=_heading(str(generator), analysis), xlabel=label, xlim=(-0.03, 1.03))
    return figure, axes


def draw_change_types(analysis: Analysis, folder: Path) -> None:
    """Mean shares of the change types: one bar per method, one facet per generator.

    Beside each bar stands over how many directions it is a mean; a method without any keeps its
    place, empty.
    """
    table = _in_order(analysis.table("change_types").frame, analysis.order)
    known = table.dropna(subset=["share"])
    if known.empty:
        return
    groups = list(table.groupby("generator", sort=False))
    most = max(group["method"].nunique() for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + 0.5 * most)
    named = known[known["share"] > 0]["category"]
    categories = [name for name in dict.fromkeys(table["category"]) if name in set(named)]
    look = {
        category: {"color": colour, "hatch": hatch, "edgecolor": style.GREY, "linewidth": 0.5}
        for category, colour, hatch in zip(
            categories, cycle(sns.color_palette("pastel", 10)), cycle(HATCHES)
        )
    }
    for ax, (name, group) in zip(axes, groups, strict=True):
        methods = list(dict.fromkeys(group["method"]))
        for place, method in enumerate(methods):
            own = group[group["method"] == method].set_index("category")
            _stack(ax, place, own.loc[categories, "share"].dropna(), look)
            _note_count(ax, place, int(own["directions"].iloc[0]))
        ax.set(title=_heading(str(name), analysis), xlabel="share of a direction's answers, mean")
        ax.set(xlim=(0, 1), ylim=(len(methods) - 0.5, -0.5))
        ax.set_yticks(range(len(methods)), methods)
        ax.grid(visible=False)
    handles = [
        Patch(facecolor=own["color"], edgecolor=style.GREY, hatch=own["hatch"], label=category)
        for category, own in look.items()
    ]
    ncols = min(len(handles), int(figure.get_figwidth() / style.LEGEND_WIDTH))
    figure.legend(handles=handles, loc="outside upper center", ncols=ncols)
    style.save(figure, folder, "change_types")


def _stack(ax: Axes, place: int, shares: pd.Series, look: Mapping[Any, Mapping[str, Any]]) -> None:
    """One bar: its categories from left to right, each with its share where there is room."""
    left = 0.0
    for category, share in shares.astype(float).items():
        ax.barh(place, share, left=left, height=0.7, **look[category])
        if share >= NARROW:
            ax.text(
                left + share / 2,
                place,
                f"{share:.0%}",
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
            )
        left += share


def _note_count(ax: Axes, place: int, directions: int) -> None:
    """How many directions a bar is of, at its end; in its place where there are none."""
    if directions:
        ax.text(1.02, place, f"n = {directions}", ha="left", va="center")
    else:
        ax.text(0.5, place, "no direction was given a kind", ha="center", va="center")


def draw_prediction(analysis: Analysis, folder: Path) -> None:
    """One point per direction, its RCA across, its MOS up; one facet per generator."""
    both = analysis.accuracies.drop(columns="n")
    if both.empty:
        return
    both = both.merge(analysis.directions, on=DIRECTION)
    if both.empty:
        return
    figure, axes = style.facets(both["generator"].nunique())
    correlations = analysis.table("rca_mos").frame
    colour, marker = style.palette(analysis.order), style.markers(analysis.order)
    for ax, (name, group) in zip(axes, both.groupby("generator"), strict=True):
        aside = _aside(group)
        for method in (name for name in analysis.order if name in set(group["method"])):
            own = group[group["method"] == method]
            look = {"color": colour[method], "marker": marker[method], "edgecolor": "white"}
            ax.scatter(own["accuracy"], own["mos"] + aside[own.index], s=26, linewidth=0.4, **look)
        low, high = group["accuracy"].min(), group["accuracy"].max()
        room = max(0.05 * (high - low), 0.01)
        ax.set(title=_heading(str(name), analysis), ylim=(-0.12, 1.36))
        ax.set(xlim=(low - room, high + room), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
        ax.set(xlabel="RCA of a fresh R, of one direction", ylabel="mean opinion score")
        ax.grid(visible=True, axis="both")
        own = correlations[(correlations["generator"] == name) & (correlations["method"] == "all")]
        _note_correlation(ax, own.to_dict("records")[0])
    style.legend(figure, both["method"], analysis.order)
    style.save(figure, folder, "rca_mos")


def _aside(group: pd.DataFrame) -> pd.Series:
    """How far up or down each point is drawn from its MOS, so that none hides another: those of one
    MOS and nearly one accuracy are stacked around it, STACKED apart."""
    span = max(group["accuracy"].max() - group["accuracy"].min(), 1e-9)
    near = (group["accuracy"] / span * COLUMNS).round()
    stack = group.groupby([group["mos"].round(6), near])["mos"]
    place = stack.cumcount() - (stack.transform("size") - 1) / 2
    return (STACKED * place).clip(-HIGHEST, HIGHEST)


def _note_correlation(ax: Axes, row: Mapping[Any, Any]) -> None:
    """The rank correlation of all methods together, its interval, and of how many directions."""
    value, low, high = (row[name] for name in ("correlation", *ENDS))
    text = "rank correlation undefined"
    if value is not None:
        text = f"rank correlation {value:.2f}"
        text += "" if low is None else f" [{low:.2f}, {high:.2f}]"
    ax.text(
        0.02,
        0.99,
        f"{text}\nof n = {row['directions']} directions",
        transform=ax.transAxes,
        ha="left",
        va="top",
    )


def _heading(generator: str, analysis: Analysis) -> str:
    return f"{generator}\nsimulated annotators" if analysis.simulated else generator


def _in_order(table: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """By generator, all together last, then method in this order; rows of one method keep
    theirs."""
    rank = {name: i for i, name in enumerate(order)}
    ranked = table.assign(rank=table["method"].map(rank), last=table["generator"] == POOLED)
    ranked = ranked.sort_values(["last", "generator", "rank"], kind="stable")
    return ranked.drop(columns=["rank", "last"])


def _pooled(row: Mapping[Any, Any]) -> bool:
    return bool(row["generator"] == POOLED)
