"""Redundancy: do directions repeat each other? RCA alone does not see it."""

from collections.abc import Mapping
from typing import ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.tables.table import Column

LATENTS = 64  # from which the tangents of a bent shift are averaged


class Redundancy(Metric):
    """How much directions overlap, and how many different ones there are."""

    columns: ClassVar[Mapping[str, Column]] = {
        "max_cosine": Column(
            "Redundancy: the largest |cos| of a direction to any other one, averaged over "
            "directions; 0 is all orthogonal, 1 is each with a twin.",
            better="low",
            label="redundancy",
        ),
        "effective_rank": Column(
            "Redundancy again: how many different directions the k columns amount to.",
            kind="number",
            better="high",
            reference="k",
        ),
    }

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        matrix = cell.shift.tangents(cell.sample(LATENTS, "redundancy"))  # (d, K)
        return {"max_cosine": max_cosine(matrix), "effective_rank": effective_rank(matrix)}


def max_cosine(matrix: Tensor) -> float:
    """Mean over the columns of (d, K) of the largest |cos| to another one, in [0, 1]."""
    columns = _unit(matrix)  # (d, K)
    cosines = (columns.T @ columns).abs().fill_diagonal_(0.0)  # (K, K)
    return float(cosines.amax(dim=1).mean())


def effective_rank(matrix: Tensor) -> float:
    """Effective rank of (d, K), in [1, min(d, K)]: the exponential of the entropy of the singular
    values as shares of their sum (Roy & Vetterli, 2007)."""
    values = torch.linalg.svdvals(_unit(matrix))  # (min(d, K),)
    shares = values / values.sum()
    entropy = -torch.special.xlogy(shares, shares).sum()
    return float(entropy.exp())


def _unit(matrix: Tensor) -> Tensor:
    return matrix.double() / matrix.double().norm(dim=0, keepdim=True)  # (d, K)
