"""A metric of each direction: how local the change is."""

import pandas as pd
import torch

from benchmark.metrics.metric import Metric
from benchmark.tables.table import Column

AREA = Column(
    "Share of the pixels that hold half of the change after the largest shift.",
    kind="number",
    better="low",
    label="area of the change",
)


class Area(Metric):
    """How much of the image a direction changes."""

    columns = {"area": AREA}  # noqa: RUF012  nobody changes it
    direction_columns = columns

    @torch.no_grad()
    def by_direction(self, cell):
        latents = cell.sample(16, "area")  # the same for every method
        before = cell.generator(latents)  # (n, C, H, W)
        eps = torch.full((len(latents),), cell.protocol.max_shift, device=cell.device)
        areas = []
        for k in range(cell.shift.k):
            delta = cell.shift(latents, torch.full_like(eps, k).long(), eps)  # (n, d)
            change = (cell.generator(latents.moved(delta)) - before).abs().flatten(1)  # (n, CHW)
            strongest, _ = change.sort(dim=1, descending=True)
            half = strongest.cumsum(dim=1) < change.sum(dim=1, keepdim=True) / 2
            areas.append(float(half.float().mean()))
        return pd.DataFrame({"area": areas})

    def of_cell(self, cell, table):
        return {"area": float(table["area"].median())}
