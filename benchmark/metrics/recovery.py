"""Recovery: where the true directions are known, how many of them were found?"""

from collections.abc import Mapping
from typing import ClassVar

import pandas as pd
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.tables.table import Column

LATENTS = 64  # from which the tangents of a bent shift are averaged


class Recovery(Metric):
    """How close the found directions are to the true ones."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "recovery": Column(
            "Where the true directions are known: the mean |cos| between them and the found "
            "directions matched to them one to one; 1 is perfect.",
            better="high",
        )
    }

    def applies(self, cell: Evidence) -> bool:
        truth = cell.original.true_directions()
        return truth is not None and truth.shape[1] <= cell.shift.k

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        truth = cell.original.true_directions()
        assert truth is not None, "`applies` has looked"
        matrix = cell.shift.tangents(cell.sample(LATENTS, "recovery"))  # (d, K)
        return {"recovery": recovery(matrix.cpu(), truth.cpu())}


def recovery(matrix: Tensor, axes: Tensor) -> float:
    """Mean |cos| between the true axes (d, F) and the columns of (d, K) matched to them one to one.

    The matching is the best there is (Hungarian algorithm); sign and order do not count. 1 is
    perfect. Needs K >= F.
    """
    columns = matrix / matrix.norm(dim=0, keepdim=True)  # (d, K)
    cosines = (axes.T @ columns).abs().cpu().numpy()  # (F, K)
    factor, column = linear_sum_assignment(cosines, maximize=True)
    return float(cosines[factor, column].mean())
