"""The confusion of directions: which does R take for which?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from benchmark.metrics import rca
from benchmark.report import style
from benchmark.report.replicates import Replicates

MOST_LABELS = 16  # directions that still get a number each


def draw_confusion(rows: Sequence[Replicates], folder: Path) -> None:
    """A heat map for each row's lowest seed, a line of maps a generator."""
    maps = [(r, shares(table, r.k)) for r in rows if (table := r.first.table("predictions")) is not None]
    ...


def shares(predictions: pd.DataFrame, k: int) -> np.ndarray:
    """(K, K): of the questions about a direction, a row, the share answered with each; in [0, 1].

    A direction that was never asked about is a row of zeros.
    """
    counts = rca.confusion(predictions, k).astype(float)
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
