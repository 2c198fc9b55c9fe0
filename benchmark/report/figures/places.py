"""The order of methods by length of the shift, as each was made for steps of its own length."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.rca import correctness
from benchmark.report.tables.fairness import unfair
from benchmark.report.tables.leaderboard import FEWEST
from benchmark.runs.replicates import Replicates, single

BINS = 6  # of |eps|, equally wide
SIZE = (style.NARROWEST, 3.4)  # inches


def draw_order(rows: Sequence[Replicates], folder: Path, order: Sequence[str]) -> None:
    """Mean place of each method over generators, by |eps|; nothing for fewer than FEWEST methods.

    Lengths are shares of the largest shift, as generators differ in it.
    """
    places = place_table(rows)
    methods = [m for m in order if m in set(places["method"])]
    if len(methods) < FEWEST:
        for kind in ("svg", "webp", "png"):
            (folder / f"order.{kind}").unlink(missing_ok=True)
        return
    figure = Figure(figsize=SIZE)
    ax = figure.subplots()
    colour, marker = style.palette(order), style.markers(order)
    for method in methods:
        own = places[places["method"] == method]
        ax.plot(own["share"], own["place"], color=colour[method], marker=marker[method])
    ax.set(xlabel="length of the shift, |eps|, as a share of the largest", ylabel="mean place")
    ax.set(ylim=(len(methods) + 0.4, 0.6), yticks=range(1, len(methods) + 1), xlim=(0, 1))
    style.legend(figure, methods, order)
    style.save(figure, folder, "order")


def place_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """Columns method, share (the middle of a bin of |eps|) and place, the mean over those
    generators that every method has one configuration on and where their figures compare. Empty
    without one."""
    parts = []
    for r in single(rows):
        predictions = r.table("predictions")
        if predictions.empty:
            continue
        largest = r.first.result.config["protocol"]["max_shift"]
        bins = correctness.by_shift(predictions, largest, BINS)
        share = (np.arange(BINS) + 0.5) / BINS  # to the last bit the same, whatever is the largest
        parts.append(bins.assign(share=share, generator=r.generator, method=r.method))
    if not parts:
        return pd.DataFrame(columns=["method", "share", "place"])
    table = pd.concat(parts, ignore_index=True).dropna(subset="accuracy")
    methods = table["method"].nunique()
    of_bin = table.groupby(["generator", "share"])
    compare = ~table["generator"].isin(unfair([r for r in rows if r.done]))
    table = table[(of_bin["method"].transform("nunique") == methods) & compare]
    place = table.groupby(["generator", "share"])["accuracy"].rank(ascending=False)
    return (
        table.assign(place=place).groupby(["method", "share"]).agg({"place": "mean"}).reset_index()
    )
