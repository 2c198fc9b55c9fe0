"""SeFa: closed-form factorisation of the generator's first layer (Shen & Zhou, CVPR 2021)."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from benchmark.directions.matrices import check_orthonormal, in_words, upright
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.protocol import Protocol


@dataclass(frozen=True)
class SeFa(Method):
    """The K orthonormal directions to which the first layer responds most, the strongest first.

    That layer is affine: wherever z is, a step n moves its output by W n. The directions maximise
    |W n|: they are eigenvectors of W^T W, by eigenvalue. normalise: whether the weights of each
    output, a row of W, are first scaled to length one, as in the authors' code; others leave them.
    """

    role = "baseline"

    normalise: bool = True

    def check(self, generator: Generator, protocol: Protocol) -> None:
        check_orthonormal("sefa", generator.latent_dim, protocol.k)
        generator.first_layer()

    def fit(self, task: Assignment) -> Fitted:
        weight = task.original.first_layer().detach().cpu().double()  # (features, d)
        if self.normalise:
            weight = F.normalize(weight, dim=1)  # (features, d)
        strengths, axes = torch.linalg.eigh(weight.T @ weight)  # (d,) ascending, (d, d)
        matrix = axes.flip(1)[:, : task.protocol.k]  # (d, K)
        shares = strengths.flip(0)[: task.protocol.k] / strengths.sum()  # (K,)
        return Fitted(FrozenLinear(upright(matrix)), notes={"shares": in_words(shares)})
