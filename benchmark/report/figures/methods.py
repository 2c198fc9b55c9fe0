"""Writes all figures of a run as SVG and WebP; draws RCA of each method and its price."""

from collections.abc import Iterable, Mapping, Sequence
from math import nan
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
from benchmark.report.figures.panels import lines_of_panels, ranked_label
from benchmark.report.figures.places import draw_order
from benchmark.report.tables.main_table import ENDS, direction_table, rca_table, seed_table
from benchmark.runs.replicates import Replicates, configurations, single
from benchmark.tables.table import Kind

SPAN = 0.1  # of an axis of shares or ratios, at least: what differs by less looks alike
RELATIVE_SPAN = 0.05  # the same of other axes, as a share of their largest value
MARGIN = 0.06  # of an axis, beyond its outermost points


def write_figures(
    rows: Sequence[Replicates], measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """Write every figure that the done cells have the data for. order: the methods in order.

    A method with several configurations on a generator has no one figure: its line says so.
    """
    done = single(rows)
    if not done:
        return
    seen = {r.generator for r in done}
    table = _lines([r for r in rows if r.generator in seen], measures)
    seeds = seed_table([cell for r in done for cell in r.done], measures)
    with style.look():
        draw_rca(table, seeds, measures, folder, order)
        draw_price(table, seeds, measures, folder, order)
        draw_directions(direction_table(done, measures), folder, order)
        draw_shifts(done, folder, order)
        draw_order(done, folder, order)
        draw_curves(done, folder, order)
        draw_confusion(done, folder, order)


def _lines(rows: Sequence[Replicates], measures: Measures) -> pd.DataFrame:
    """The main table with one line for each method on a generator: that of what is done, and where
    several configurations are, one without figures."""
    counts = configurations(rows)
    lines: dict[tuple[str, str], Replicates] = {}
    for r in sorted(rows, key=lambda r: not r.done):
        lines.setdefault((r.generator, r.method), r)
    places = dict.fromkeys((r.generator, r.method) for r in rows)  # in order
    table = rca_table([lines[place] for place in places], measures)
    figures = [name for name in measures.cell if name in table]
    for i, place in enumerate(places):
        if counts[place] > 1:
            table.loc[i, figures] = nan
            table.loc[i, "status"] = f"{counts[place]} configurations"
    return table


def draw_rca(
    table: pd.DataFrame, seeds: pd.DataFrame, measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """RCA with its interval, one line per method and facet per generator; hollow points: seeds. A
    method without a result keeps its line, which says so."""
    groups = list(table.groupby("generator"))
    most = max(len(group) for _, group in groups)
    figure, axes = style.facets(len(groups), height=0.9 + 0.45 * most)
    colour, marker = style.palette(order), style.markers(order)
    end = style.ceiling(table[ENDS[1]])
    for ax, (name, group) in zip(axes, groups, strict=True):
        _draw_chance(ax, group["chance"], range(len(group)))
        own = seeds[seeds["generator"] == name]
        draw_rows(ax, [_rca_row(row, own) for row in group.to_dict("records")], colour, marker)
        ax.set(title=f"{name}, {_of_k(group['k'])}", xlabel=measures.label(HEADLINE))
        ax.set_xlim(-0.02 * end, end)
    several = [point("one seed")] if (table["seeds"] > 1).any() else []
    style.legend(figure, [], order, [style.CHANCE, INTERVAL, *several])
    style.save(figure, folder, "rca")


def _of_k(k: pd.Series) -> str:
    """`K = 64`, or `K = 10 to 64` where rows differ in it."""
    return f"K = {' to '.join(str(end) for end in sorted({k.min(), k.max()}))}"


def _draw_chance(ax: Axes, chance: pd.Series, places: Iterable[int]) -> None:
    """The dotted line of chance; where rows differ in K, of each row its own piece."""
    if len(set(chance)) == 1:
        ax.axvline(chance.iloc[0], color=style.GREY, linestyle=":")
        return
    for own, place in zip(chance, places, strict=True):
        ax.plot([own, own], [place - 0.5, place + 0.5], color=style.GREY, linestyle=":")


def _rca_row(row: Mapping[Any, Any], seeds: pd.DataFrame) -> Row:
    if pd.isna(row[HEADLINE]):
        return Row(row["method"], None, _state(row), None)
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


def _state(row: Mapping[Any, Any]) -> str:
    """`failed`, `skipped` or `2 configurations`, without the reason."""
    return str(row["status"]).partition(":")[0]


def draw_price(
    table: pd.DataFrame, seeds: pd.DataFrame, measures: Measures, folder: Path, order: Sequence[str]
) -> None:
    """RCA and beside it what it can be bought with: a block per generator, in it a panel per
    measure with a range of its own, and a line per method, so that none hides another.

    The better end of every panel is right; small points are seeds.
    """
    groups = [(str(name), group) for name, group in table.groupby("generator")]
    prices = [name for name in measures.of_prices if name in table and table[name].notna().any()]
    if not prices:
        return
    names = [HEADLINE, *prices]
    figure, axes = lines_of_panels([len(group) for _, group in groups], len(names))
    end = style.ceiling(pd.concat([seeds[HEADLINE], table[HEADLINE]]))
    for (generator, group), own in zip(groups, axes, strict=True):
        of_seeds = seeds[seeds["generator"] == generator]
        place = {method: i for i, method in enumerate(group["method"])}
        own[0].set_title(f"{generator}, {_of_k(group['k'])}", loc="left")
        _draw_chance(own[0], group["chance"], group["method"].map(place))
        for row in group[group[HEADLINE].isna()].to_dict("records"):
            own[0].annotate(_state(row), (end, place[row["method"]]), ha="right", va="center")
        own[0].set_yticks(list(place.values()), list(place))
        own[0].set_ylim(len(place) - 0.5, -0.5)
        for ax, name in zip(own, names, strict=True):
            if name not in group or group[name].isna().all():
                ax.remove()
                continue
            _dots(ax, of_seeds, name, place, order, size=14, alpha=0.5)
            _dots(ax, group, name, place, order, size=45)
            column = measures.cell[name]
            values = pd.concat([of_seeds[name], group[name]])
            low, high = (0.0, end) if name == HEADLINE else limits(values, column.kind)
            ax.set_xlim((high, low) if column.better == "low" else (low, high))
            ax.set_xlabel(ranked_label(name, column))
            ax.grid(visible=True, axis="both")
    style.legend(figure, table["method"], order, [style.CHANCE])
    style.save(figure, folder, "price")


def _dots(
    ax: Axes,
    frame: pd.DataFrame,
    name: str,
    place: Mapping[str, int],
    order: Sequence[str],
    size: float,
    alpha: float | None = None,
) -> None:
    """A measure, a point for each row on its method's line, with its colour and marker."""
    shown = frame[["method", name]].dropna()
    if shown.empty:
        return
    colour, marker = style.palette(order), style.markers(order)
    points = ax.scatter(
        shown[name],
        shown["method"].map(place),
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
