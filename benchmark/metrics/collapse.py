"""Collapse: does a shift make the images of different z alike? RCA rewards it, people do not."""

from collections.abc import Mapping
from typing import ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator, Latents
from benchmark.metrics.metric import Evidence, Metric
from benchmark.tables.table import Column

LATENTS = 32  # different z per direction


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
    images: ClassVar[int] = 2 * LATENTS  # of both signs of eps

    def by_direction(self, cell: Evidence) -> pd.DataFrame:
        latents = cell.sample(LATENTS, "collapse")
        ratios = collapse(cell.generator, cell.shift, cell.protocol.max_shift, latents)
        return pd.DataFrame({"collapse": ratios.tolist()})

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        ratios = torch.tensor(table["collapse"].tolist(), dtype=torch.float64)  # (K,)
        return {"collapse": float(ratios.mean())}


def mean_distance(images: Tensor) -> Tensor:
    """Mean Euclidean distance over all pairs of (n, C, H, W) images, n >= 2."""
    return torch.pdist(images.flatten(1).double()).mean()


@torch.no_grad()
def collapse(generator: Generator, shift: Shift, eps: float, latents: Latents) -> Tensor:
    """(K,) ratios: mean pairwise image distance after the shift over that before it.

    The same n latents for all directions; the mean of both signs of eps. 1: the images stay as
    different as they were. Near 0: all z end in one image.
    """
    before = mean_distance(generator(latents))
    one = torch.ones(len(latents), device=latents.point.device)  # (n,)

    def after(k: int, eps: float) -> Tensor:
        return mean_distance(generator(latents.moved(shift(latents, k * one.long(), eps * one))))

    ratios = [(after(k, eps) + after(k, -eps)) / (2.0 * before) for k in range(shift.k)]
    return torch.stack(ratios).cpu()  # (K,)
