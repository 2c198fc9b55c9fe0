"""Do two seeds of a method find the same directions? Functions of two matrices of columns.

Not a metric of a cell: `benchmark.report.tables.agreeing_seeds` compares cells with it.
"""

import numpy as np
from scipy.linalg import svdvals
from scipy.optimize import linear_sum_assignment


def matched_cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Mean |cos| of the columns of (d, K) and (d, L) matched one to one, the best there is.

    Hungarian algorithm; order, sign and length do not count; of unequal numbers the rest is left
    over. In [0, 1], 1 for the same directions.
    """
    cosines = np.abs(_unit(a).T @ _unit(b))  # (K, L)
    rows, columns = linear_sum_assignment(cosines, maximize=True)
    return float(cosines[rows, columns].mean())


def mean_angle(a: np.ndarray, b: np.ndarray) -> float:
    """Mean principal angle between the spans of (d, K) and (d, L), in degrees from 0 to 90.

    The arccos of the singular values of P_a^T P_b of orthonormal bases (Local Basis, Choi et al.,
    ICLR 2022): blind to how directions mix within a span. NaN where either span is the whole space,
    in which every other lies, or none.
    """
    bases = [_basis(matrix) for matrix in (a, b)]  # (d, r), (d, s)
    if any(basis.shape[1] in (0, basis.shape[0]) for basis in bases):
        return float("nan")
    cosines = svdvals(bases[0].T @ bases[1])  # (min(r, s),)
    # The arccos of a cosine near 1 has half of its digits; the sine has all of them.
    small = bases[1] - bases[0] @ (bases[0].T @ bases[1])  # (d, s)
    if bases[0].shape[1] < bases[1].shape[1]:
        small = bases[0] - bases[1] @ (bases[1].T @ bases[0])  # (d, r)
    sines = np.sort(svdvals(small))  # (min(r, s),)
    angles = np.where(
        cosines**2 > 0.5, np.arcsin(sines.clip(0, 1)), np.arccos(cosines.clip(0, 1))
    )  # cosines fall as sines rise
    return float(np.degrees(angles).mean())


def _unit(matrix: np.ndarray) -> np.ndarray:
    columns = np.asarray(matrix, np.float64)
    found: np.ndarray = columns / np.linalg.norm(columns, axis=0)  # (d, K)
    return found


def _basis(matrix: np.ndarray) -> np.ndarray:
    """(d, rank) orthonormal columns with the same span."""
    left, values, _ = np.linalg.svd(_unit(matrix), full_matrices=False)
    rank = int((values > 1e-5 * values.max()).sum())  # directions are float32
    found: np.ndarray = left[:, :rank]
    return found
