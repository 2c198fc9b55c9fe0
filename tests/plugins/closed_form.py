"""A closed-form method: what the units of the first layer listen to, each as new as can be."""

from dataclasses import dataclass

import torch

from benchmark.directions.matrices import check_orthonormal
from benchmark.directions.shift import FrozenLinear
from benchmark.methods.method import Fitted, Method


@dataclass(frozen=True)
class Farthest(Method):
    """Rows of the first layer by pivoted Gram-Schmidt."""

    skip: int = 0  # of the first found, how many to leave out

    def check(self, generator, protocol):
        check_orthonormal("farthest", generator.latent_dim, self.skip + protocol.k)

    def fit(self, task):
        rows = task.original.first_layer().double().clone()  # (features, d)
        found = []
        for _ in range(self.skip + task.protocol.k):
            longest = rows[rows.norm(dim=1).argmax()]  # (d,)
            axis = longest / longest.norm()
            found.append(axis)
            rows -= (rows @ axis).unsqueeze(1) * axis
        matrix = torch.stack(found[self.skip :], dim=1)  # A (d, K)
        return Fitted(FrozenLinear(matrix.float().contiguous()))
