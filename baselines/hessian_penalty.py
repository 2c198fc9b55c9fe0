"""Hessian Penalty (Peebles et al., ECCV 2020), post hoc: directions for a generator as it is."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.penalised import Penalised
from benchmark.directions.shift import Linear
from benchmark.generators.base import Generator
from benchmark.rca.questions import Shifts


@dataclass(frozen=True)
class HessianPenalty(Penalised):
    """Orthonormal directions along which images have no mixed second derivatives.

    The variance over x of x^T H x, H the Hessian of a pixel in the coordinates along A, is twice
    the sum of squares of H's entries off the diagonal; the loss is its mean over batch and pixels.
    It is measured where a latent has moved by eps along one direction. The authors draw eps from
    [-5, 5]; here it is the protocol's, which all methods meet. Theirs are batches of 96 and 50,000
    steps. A step makes five images of each latent, all with a gradient; that of the middle one is
    zero but for rounding.
    """

    def loss(
        self, generator: Generator, shift: Linear, shifts: Shifts, rng: torch.Generator
    ) -> Tensor:
        columns = shifts.latents.measured(shift.matrix().T)  # (K, d)
        w = F.one_hot(shifts.k, shift.k) * shifts.eps.unsqueeze(1)  # (n, K)

        def images(w: Tensor) -> Tensor:
            made: Tensor = generator(shifts.latents.moved(w @ columns))
            return made  # (n, C, H, W)

        middle = images(w)  # (n, C, H, W)
        seconds = torch.stack(
            [
                (images(w + x) - 2 * middle + images(w - x)) / self.difference**2
                for x in self.steps_along(w, rng)
            ]
        )  # (DRAWS, n, C, H, W)
        return seconds.var(dim=0).mean()
