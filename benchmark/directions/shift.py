"""Shifts: how latents move when they go eps along direction k.

A linear shift adds eps times a column of a matrix A. A bent one depends on where the latents are.
Everything that moves an image uses a `Shift`: training, RCA, metrics, strips, the study.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.generators.base import Latents

KINDS: dict[str, type[Shift]] = {}  # every kind of shift that is defined, by its name in files


class Shift(nn.Module, ABC):
    """K directions in a latent space of `latent_dim` dimensions; they may be under training.

    A file stores a subclass by its `kind`, the arguments that `settings()` gives, and its state
    dict. So loading a kind needs the code that defines it.
    """

    kind: ClassVar[str] = ""
    k: int
    latent_dim: int

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "kind" in vars(cls):
            KINDS[cls.kind] = cls

    @abstractmethod
    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        """delta (n, d), which moves n latents by eps (n,) along directions k, (n,) int64.

        eps counts what the latents are measured in: unit columns go through `latents.measured`.
        """

    def tangents(self, latents: Latents) -> Tensor:
        """(d, K) unit columns: where each direction leads from the latents, on average."""
        one = torch.ones(len(latents), device=latents.point.device)  # (n,)
        columns = [self(latents, k * one.long(), one).mean(dim=0) for k in range(self.k)]
        return F.normalize(torch.stack(columns, dim=1), dim=0)  # (d, K)

    def frozen(self) -> Shift:
        """A copy that no longer learns. It must move latents by |eps| in their own measure, within
        1%, so that a longer step cannot raise RCA: see `check_shift`."""
        return copy.deepcopy(self).requires_grad_(False).eval()

    def settings(self) -> dict[str, Any]:
        """The arguments that make an untrained shift of this size, as JSON values."""
        return {"latent_dim": self.latent_dim, "k": self.k}

    def chosen(self, places: Sequence[int]) -> Shift:
        """A shift of these directions only, in this order."""
        return Chosen(self, places)


class Chosen(Shift):
    """Some directions of another shift."""

    places: Tensor

    def __init__(self, whole: Shift, places: Sequence[int]) -> None:
        super().__init__()
        self.whole, self.k, self.latent_dim = whole, len(places), whole.latent_dim
        self.register_buffer("places", torch.tensor(places, dtype=torch.int64), persistent=False)

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        return self.whole(latents, self.places[k], eps)  # (n, d)

    def tangents(self, latents: Latents) -> Tensor:
        return self.whole.tangents(latents)[:, self.places]  # (d, K)

    def chosen(self, places: Sequence[int]) -> Chosen:
        """Of the whole again, as a file holds one choice only."""
        return Chosen(self.whole, self.places[list(places)].tolist())


class Linear(Shift):
    """Base of linear shifts: eps A e_k, wherever the latents are."""

    @abstractmethod
    def matrix(self) -> Tensor:
        """A (d, K)."""

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        columns = self.matrix().T[k]  # (n, d)
        return eps.unsqueeze(1) * latents.measured(columns)  # (n, d)

    def tangents(self, latents: Latents) -> Tensor:
        return self.matrix()  # (d, K)

    def frozen(self) -> FrozenLinear:
        return FrozenLinear(self.matrix().detach().clone())

    def chosen(self, places: Sequence[int]) -> FrozenLinear:
        return FrozenLinear(self.matrix().detach()[:, list(places)])  # (d, chosen)


class FrozenLinear(Linear):
    """A linear shift with a fixed A, which its state dict holds."""

    kind = "linear"
    fixed: Tensor

    def __init__(self, matrix: Tensor) -> None:
        """matrix: A (d, K). Raises BenchError unless it is a finite matrix of real numbers."""
        super().__init__()
        if matrix.is_complex() or matrix.ndim != 2 or not matrix.isfinite().all():
            kind = str(matrix.dtype).removeprefix("torch.")
            raise BenchError(
                "directions must be a finite (d, K) matrix of real numbers, not "
                f"{tuple(matrix.shape)} of {kind}"
            )
        matrix = matrix if matrix.is_floating_point() else matrix.float()
        self.latent_dim, self.k = matrix.shape
        self.register_buffer("fixed", matrix)

    def matrix(self) -> Tensor:
        return self.fixed  # (d, K)
