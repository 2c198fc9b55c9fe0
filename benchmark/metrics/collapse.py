"""Collapse: does a shift make the images of different z alike? RCA rewards it, people do not."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.metrics.walk import Walk
from benchmark.tables.table import Column


class Collapse(Metric):
    """How much variety the images keep after the largest shift."""

    columns: ClassVar[Mapping[str, Column]] = {
        "collapse": Column(
            "Mean distance between images of different z after the largest shift, divided by that "
            "before it; 1 keeps all variety, near 0 all images have become one, and a high RCA "
            "beside a low value was bought with it.",
            kind="ratio",
            better="high",
        )
    }
    direction_columns: ClassVar[Mapping[str, Column]] = columns
    walks: ClassVar[bool] = True

    def along(self, cell: Evidence, walk: Walk) -> dict[str, Any]:
        return {"collapse": collapse(walk)}

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        ratios = torch.tensor(table["collapse"].tolist(), dtype=torch.float64)  # (K,)
        return {"collapse": float(ratios.mean())}


def mean_distance(images: Tensor) -> Tensor:
    """Mean Euclidean distance over all pairs of (n, C, H, W) images, n >= 2."""
    return torch.pdist(images.flatten(1).double()).mean()


def collapse(walk: Walk) -> float:
    """Mean pairwise image distance after the largest shift over that before it.

    The mean of both signs of eps. 1: the images stay as different as they were. Near 0: all z end
    in one image. NaN where all images are alike before.
    """
    after = mean_distance(walk.images[-1]) + mean_distance(walk.images[0])
    return float(after / (2.0 * mean_distance(walk.unmoved)))
