"""Recovery: where the true directions are known, how many of them were found?"""

from scipy.optimize import linear_sum_assignment
from torch import Tensor


def recovery(matrix: Tensor, axes: Tensor) -> float:
    """Mean |cos| between the true axes (d, F) and the columns of (d, K) matched to them one to one.

    The matching is the best there is (Hungarian algorithm); sign and order do not count. 1 is
    perfect. Needs K >= F.
    """
    columns = matrix / matrix.norm(dim=0, keepdim=True)  # (d, K)
    cosines = (axes.T @ columns).abs().cpu().numpy()  # (F, K)
    factor, column = linear_sum_assignment(cosines, maximize=True)
    return float(cosines[factor, column].mean())
