"""OroJaR, orthogonal Jacobian regularisation (Wei et al., ICCV 2021), post hoc."""

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.penalised import Penalised
from benchmark.directions.shift import Linear
from benchmark.generators.base import Generator
from benchmark.rca.questions import Shifts


@dataclass(frozen=True)
class OroJaR(Penalised):
    """Orthonormal directions that change images in ways orthogonal to each other.

    The variance over x of |J x|^2, J the Jacobian of the image in the coordinates along A, is twice
    the sum of squares of J^T J's entries off the diagonal; the loss is its mean over the batch. It
    is measured at the latents themselves. The authors' are batches of 32 and 50,000 steps. A step
    makes three images of each latent, two of them with a gradient.
    """

    def loss(
        self, generator: Generator, shift: Linear, shifts: Shifts, rng: torch.Generator
    ) -> Tensor:
        columns = shifts.latents.measured(shift.matrix().T)  # (K, d)
        with torch.no_grad():
            images = generator(shifts.latents)  # (n, C, H, W)
        w = shifts.eps.new_zeros(len(shifts.latents), shift.k)  # (n, K)
        lengths = []
        for x in self.steps_along(w, rng):
            moved = generator(shifts.latents.moved(x @ columns))  # (n, C, H, W)
            change = ((moved - images) / self.difference).flatten(1)  # (n, CHW): J x
            lengths.append(change.square().sum(dim=1))  # (n,)
        return torch.stack(lengths).var(dim=0).mean()  # of (DRAWS, n)
