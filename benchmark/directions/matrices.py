"""Matrices of directions that learn, and the matrices that they start from."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import Unserved
from benchmark.directions.shift import Linear


class UnitLinear(Linear):
    """Columns of length one, at any angle to each other; K may exceed d."""

    def __init__(self, start: Tensor) -> None:
        """start: (d, K)."""
        super().__init__()
        self.latent_dim, self.k = start.shape
        self.raw = nn.Parameter(start.clone())

    def matrix(self) -> Tensor:
        return F.normalize(self.raw, dim=0)  # (d, K)


class OrthonormalLinear(Linear):
    """K <= d orthonormal columns: the first K of Q exp(S - S^T), with Q fixed and S learned.

    The exponential of a skew-symmetric matrix is a rotation, so every S is allowed (the
    parametrisation of Voynov & Babenko 2020, section 3.1).
    """

    base: Tensor

    def __init__(self, start: Tensor) -> None:
        """start: (d, K), orthonormal."""
        super().__init__()
        d, self.k = start.shape
        self.latent_dim = d
        rest = torch.eye(d) - start @ start.T  # projects onto what the start leaves free
        free = torch.linalg.svd(rest).U[:, : d - self.k]  # (d, d - K)
        self.register_buffer("base", torch.cat([start, free], dim=1))  # (d, d), orthogonal
        self.skew = nn.Parameter(torch.zeros(d, d))

    def matrix(self) -> Tensor:
        rotation = torch.linalg.matrix_exp(self.skew - self.skew.T)  # (d, d)
        return self.base @ rotation[:, : self.k]  # (d, K)


SPACES: dict[str, type[UnitLinear] | type[OrthonormalLinear]] = {
    "unit": UnitLinear,
    "orthonormal": OrthonormalLinear,
}


def check_orthonormal(method: str, d: int, k: int) -> None:
    """Raise Unserved where k orthonormal columns do not fit d dimensions."""
    if k > d:
        raise Unserved(
            f"{method}: {k} orthonormal directions do not fit {d} latent dimensions; "
            f"take k = {d} or fewer, or methods and settings that allow more than that"
        )


def random_orthonormal(d: int, k: int, rng: torch.Generator) -> Tensor:
    """(d, K) columns, drawn uniformly among orthonormal ones; beyond d, in several such blocks."""
    blocks = []
    for first in range(0, k, d):
        square = torch.randn(d, d, generator=rng)
        q, r = torch.linalg.qr(square)
        q = q * r.diagonal().sign()  # makes the distribution uniform (Mezzadri, 2007)
        blocks.append(q[:, : min(d, k - first)])
    return torch.cat(blocks, dim=1)  # (d, K)


def axes(d: int, k: int, rng: torch.Generator) -> Tensor:
    """(d, K): the first K coordinate axes; beyond d, random orthonormal columns."""
    if k <= d:
        return torch.eye(d, k)
    return torch.cat([torch.eye(d), random_orthonormal(d, k - d, rng)], dim=1)  # (d, K)


def upright(matrix: Tensor) -> Tensor:
    """The same columns (d, K), each turned so that its largest entry is positive: closed forms
    leave the signs open, and processors would choose them differently."""
    largest = matrix.gather(0, matrix.abs().argmax(dim=0, keepdim=True))  # (1, K)
    return matrix * torch.where(largest < 0, -1.0, 1.0)  # (d, K)


def in_words(shares: Tensor) -> str:
    """Shares (K,) in [0, 1], as provenance holds them."""
    return " ".join(f"{share:.4g}" for share in shares.tolist())


STARTS = {"axes": axes, "random": random_orthonormal}
