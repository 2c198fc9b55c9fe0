"""Redundancy: do the columns of A repeat each other? RCA alone does not see it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Redundancy:
    """max_cosine: mean over columns of the largest |cos| to another column, 0 (all orthogonal) to
    1 (each has a twin). effective_rank: in [1, min(d, K)], how many directions there really are.
    """

    max_cosine: float
    effective_rank: float


def redundancy(matrix: Tensor) -> Redundancy:
    """Of A (d, K), its columns brought to unit length.

    The effective rank is the exponential of the entropy of the singular values as shares of their
    sum (Roy & Vetterli, 2007).
    """
    columns = matrix.double() / matrix.double().norm(dim=0, keepdim=True)  # (d, K)
    cosines = (columns.T @ columns).abs().fill_diagonal_(0.0)  # (K, K)
    values = torch.linalg.svdvals(columns)  # (min(d, K),)
    shares = values / values.sum()
    entropy = -torch.special.xlogy(shares, shares).sum()
    return Redundancy(float(cosines.amax(dim=1).mean()), float(entropy.exp()))
