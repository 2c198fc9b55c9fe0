"""The confusion of directions: which direction does R take for which?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from benchmark.charts import style
from benchmark.rca import correctness
from benchmark.runs.replicates import Replicates

MOST_LABELS = 16  # directions that still get a number each
BESIDE = 1.2  # inches of a line for names and the scale of colours
WIDTH = 13.0  # inches of a line of maps, as far as each still has room


def draw_confusion(rows: Sequence[Replicates], folder: Path, order: Sequence[str]) -> None:
    """A heat map for the lowest seed of each row: a line per generator, a column per method, in
    this order. A place that has none says so."""
    maps = {
        (r.generator, r.method): shares(predictions, r.k)
        for r in rows
        if (predictions := r.first.table("predictions")) is not None
    }
    if not maps:
        return
    generators = list(dict.fromkeys(generator for generator, _ in maps))
    methods = [name for name in order if any(name == method for _, method in maps)]
    side = min(2.7, max(1.4, WIDTH / len(methods)))
    height = side - BESIDE / len(methods)
    figure, axes = style.facets(len(generators) * len(methods), len(methods), side, height)
    places = [(generator, method) for generator in generators for method in methods]
    for ax, place in zip(axes, places, strict=True):
        generator, method = place
        if generator == generators[0]:
            ax.set_title(method)
        if place in maps:
            _draw(ax, maps[place])
        else:
            ax.text(0.5, 0.5, "not shown", ha="center", va="center", transform=ax.transAxes)
            ax.set(xticks=[], yticks=[], aspect="equal")
            ax.spines[:].set_visible(False)
        if method == methods[0]:
            ax.set_ylabel(f"{generator}\nmoved along")
        if generator == generators[-1]:
            ax.set_xlabel("R's answer")
    drawn = next(ax.collections[0] for ax in axes if ax.collections)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.6, aspect=30)
    bar.set_label("share of R's answers")
    bar.outline.set_visible(False)
    style.save(figure, folder, "confusion")


def _draw(ax: Axes, matrix: np.ndarray) -> None:
    """One map, its directions in `order`; the root scale shows rare confusions too."""
    place = order(matrix)
    ordered = matrix[np.ix_(place, place)]  # (K, K)
    ax.pcolormesh(ordered, cmap="rocket_r", norm=PowerNorm(0.5, 0, 1), rasterized=True)
    ax.set(xlim=(0, len(place)), ylim=(len(place), 0), aspect="equal")
    ax.spines[["left", "bottom"]].set_visible(False)
    labels = [str(k) for k in place] if len(place) <= MOST_LABELS else []
    ticks = np.arange(len(labels)) + 0.5
    ax.set_xticks(ticks, labels)
    ax.set_yticks(ticks, labels)
    ax.tick_params(length=0, rotation=0)


def shares(predictions: pd.DataFrame, k: int) -> np.ndarray:
    """(K, K) shares in [0, 1]: row k holds how often each direction was the answer to k.

    A direction that was never asked about is a row of zeros.
    """
    counts = correctness.confusion(predictions, k).astype(float)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


def order(matrix: np.ndarray) -> np.ndarray:
    """(K,) an order of the directions in which those that R confuses stand side by side.

    The leaves of an average-linkage tree of 1 - mutual confusion, turned so that neighbours are as
    close as the tree allows (Bar-Joseph et al., 2001).
    """
    if len(matrix) < 3:
        return np.arange(len(matrix))
    distance = 1.0 - (matrix + matrix.T) / 2.0
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return leaves_list(tree)
