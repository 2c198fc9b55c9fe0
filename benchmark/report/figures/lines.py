"""Figures of lines, one facet per generator: accuracy by direction, by |eps|, and over training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from benchmark.charts import style
from benchmark.metrics import HEADLINE_OF_A_DIRECTION
from benchmark.rca import correctness
from benchmark.runs.replicates import Replicates

POINTS = 50  # of a training curve, fewer than are kept: a batch is a noisy measure
DASHES: dict[Any, Any] = {"fresh": "-", "joint": (0, (3, 1.5))}  # of the phases of training
EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.75}


def draw_directions(directions: pd.DataFrame, folder: Path, order: Sequence[str]) -> None:
    """Accuracy of each direction, sorted: do few directions carry RCA, or all?

    directions: as `direction_table` makes it. Lines are means over seeds, bands their range.
    """
    cell = ["generator", "method", "seed"]
    chance = 1 / (directions.groupby(cell)["k"].transform("max") + 1)
    directions = directions.assign(chance=chance).dropna(subset=HEADLINE_OF_A_DIRECTION)
    if directions.empty:
        return
    of_cell = directions.groupby(cell)[HEADLINE_OF_A_DIRECTION]
    ranked = directions.assign(rank=of_cell.rank(method="first", ascending=False))
    groups = list(ranked.groupby("generator"))
    figure, axes = style.facets(len(groups))
    end = style.ceiling(ranked[HEADLINE_OF_A_DIRECTION])
    for ax, (name, group) in zip(axes, groups, strict=True):
        k = int(group["k"].max()) + 1
        _plot(ax, group, order, "rank", HEADLINE_OF_A_DIRECTION, markevery=max(1, k // 8))
        _draw_chance(ax, group, order)
        ax.set(title=name, xlabel="direction, the best first", ylabel="accuracy", ylim=(0, end))
    style.legend(figure, directions["method"], order, [style.CHANCE])
    style.save(figure, folder, "directions")


def draw_shifts(rows: Sequence[Replicates], folder: Path, order: Sequence[str]) -> None:
    """Accuracy by |eps| over the questions of all seeds, with 95% Wilson bands."""
    bins = shift_table(rows)
    if bins.empty:
        return
    colour = style.palette(order)
    groups = list(bins.groupby("generator"))
    figure, axes = style.facets(len(groups))
    end = style.ceiling(bins["high"])
    for ax, (name, group) in zip(axes, groups, strict=True):
        _plot(ax, group, order, "abs_eps", "accuracy")
        for method, own in group.groupby("method"):
            ax.fill_between(
                own["abs_eps"],
                own["low"],
                own["high"],
                color=colour[method],
                alpha=0.2,
                linewidth=0,
            )
        _draw_chance(ax, group, order)
        ax.set(title=name, xlabel="length of the shift, |eps|", ylabel="accuracy")
        ax.set(xlim=(0, None), ylim=(0, end))
    style.legend(figure, bins["method"], order, [style.CHANCE])
    style.save(figure, folder, "shifts")


def shift_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """One row per method, generator and bin of |eps| in which R was asked."""
    parts = [pd.DataFrame()]
    for r in rows:
        predictions = r.table("predictions")
        if not predictions.empty:
            bins = correctness.by_shift(predictions, r.first.result.config["protocol"]["max_shift"])
            place = {"generator": r.generator, "method": r.method}
            parts.append(bins.assign(**place, chance=1.0 / r.k).query("n > 0"))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def draw_curves(rows: Sequence[Replicates], folder: Path, order: Sequence[str]) -> None:
    """Accuracy and loss on the training batches; the mean over seeds, the band their range."""
    curves = pd.concat([curve_table(r) for r in rows], ignore_index=True)
    if curves.empty:
        return
    generators = list(curves.groupby("generator"))
    figure, axes = style.facets(2 * len(generators), columns=2)
    end = style.ceiling(curves["accuracy"])
    for i, (name, group) in enumerate(generators):
        for ax, y in zip(axes[2 * i : 2 * i + 2], ("accuracy", "loss"), strict=True):
            _plot(ax, group, order, "step", y, "phase")
            ax.set(title=name, xlabel="training step", ylabel=f"training {y}", xlim=(0, None))
            ax.set(ylim=(0, end) if y == "accuracy" else (0, None))
    fresh = Line2D([], [], color=style.GREY, label="fresh R, A frozen")
    joint = Line2D([], [], color=style.GREY, linestyle="--", label="R learning with A")
    style.legend(figure, curves["method"], order, [fresh, joint], marked=False)
    style.save(figure, folder, "curves")


def curve_table(replicates: Replicates) -> pd.DataFrame:
    """The curves of a row's seeds, each averaged over POINTS equal stretches of its steps."""
    curves = replicates.table("curves")
    if curves.empty:
        return curves
    stretch = max(1.0, curves["step"].max() / POINTS)
    keys = ["phase", "seed", "step"]
    curves = curves.assign(step=np.ceil(curves["step"] / stretch) * stretch)
    means = curves.groupby(keys, as_index=False).mean()
    return means.assign(generator=replicates.generator, method=replicates.method)


def _draw_chance(ax: Axes, frame: pd.DataFrame, order: Sequence[str]) -> None:
    """The dotted line of chance; where methods differ in K, of each method one in its colour, and
    those of one K take turns dot by dot."""
    sharing = frame.groupby("chance")["method"].unique()
    if len(sharing) == 1:
        ax.axhline(sharing.index[0], color=style.GREY, linestyle=":")
        return
    colour = style.palette(order)
    for chance, methods in zip(sharing.index, sharing, strict=True):
        for i, method in enumerate(methods):
            turns = (-2 * i, (1, 2 * len(methods) - 1))
            ax.axhline(chance, color=colour[method], linestyle=turns)


def _plot(
    ax: Axes,
    frame: pd.DataFrame,
    order: Sequence[str],
    x: str,
    y: str,
    kinds: str = "",
    **look: Any,
) -> None:
    """One line per method, with its colour and marker; over seeds the mean and their range.

    kinds: a column that splits the lines of a method, its values keys of DASHES; these lines have
    no markers.
    """
    colour = style.palette(order)
    marker = {} if kinds else style.markers(order)
    frame = frame.dropna(subset=[x, y])
    for (method, *kind), own in frame.groupby(["method", *([kinds] if kinds else [])], sort=False):
        over = own.groupby(x)[y].agg(["mean", "min", "max", "count"])
        ax.plot(
            over.index,
            over["mean"],
            color=colour[method],
            marker=marker.get(method),
            linestyle=DASHES[kind[0]] if kind else "-",
            **EDGE,
            **look,
        )
        if (over["count"] > 1).any():
            ends = over[["min", "max"]].where(over["count"] > 1)
            band = {"color": colour[method], "alpha": 0.2, "linewidth": 0}
            ax.fill_between(over.index, ends["min"], ends["max"], **band)
