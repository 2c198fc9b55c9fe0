"""The method written plainly, as a paper's reader would: one sample at a time, nothing folded.

The oracle that the fast computation must equal, and the baseline that its speed is measured
against. The generator's weights keep their gradients, as they do where nobody thinks of it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.base import Latents
from benchmark.generators.families.sngan import SNGAN
from benchmark.rca.questions import Shifts


def sngan(width: int, seed: int = 0, latent_dim: int = 128) -> SNGAN:
    """A 32-pixel SNGAN whose batch norms have statistics that matter, in eval mode."""
    torch.manual_seed(seed)
    generator = SNGAN(latent_dim, (width,) * 4, 1)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, std=0.3)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
            nn.init.normal_(layer.weight, 1.0, 0.2)
            nn.init.normal_(layer.bias, std=0.2)
    return generator.eval()


def pair(generator: nn.Module, raw: Tensor, shifts: Shifts) -> tuple[Tensor, Tensor]:
    """G(z) and G(z + eps A e_k) for A of unit columns raw / |raw|, one sample at a time."""
    matrix = raw / raw.norm(dim=0)
    moves = []
    for k, eps in zip(shifts.k, shifts.eps, strict=True):
        basis = torch.zeros(raw.shape[1], dtype=raw.dtype)
        basis[k] = eps
        moves.append(matrix @ basis)
    delta = torch.stack(moves)
    z, labels = shifts.latents.point, shifts.latents.labels
    return generator(Latents(z, labels)), generator(Latents(z + delta, labels))


def loss(
    generator: nn.Module,
    raw: Tensor,
    reconstructor: nn.Module,
    shifts: Shifts,
    weight: float,
    shift_loss: str,
) -> Tensor:
    images, shifted = pair(generator, raw, shifts)
    logits, eps_hat = reconstructor(images, shifted)
    total = torch.zeros((), dtype=raw.dtype)
    for row, k, guess, eps in zip(logits, shifts.k, eps_hat, shifts.eps, strict=True):
        distance = (guess - eps) ** 2 if shift_loss == "mse" else (guess - eps).abs()
        total = total + F.cross_entropy(row[None], k[None]) + weight * distance
    return total / len(logits)


class PlainTraining:
    """One training step of A and R after another, on the plain computation."""

    def __init__(
        self,
        generator: nn.Module,
        raw: Tensor,
        reconstructor: nn.Module,
        weight: float,
        shift_loss: str,
        lr_shift: float,
        lr: float,
    ) -> None:
        self.generator, self.reconstructor = generator, reconstructor
        self.raw = raw.clone().requires_grad_(True)
        self.weight, self.shift_loss = weight, shift_loss
        self.optimisers = [
            torch.optim.Adam([self.raw], lr=lr_shift),
            torch.optim.Adam(reconstructor.parameters(), lr=lr),
        ]

    def step(self, shifts: Shifts) -> Tensor:
        self.generator.zero_grad()
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        total = loss(
            self.generator, self.raw, self.reconstructor, shifts, self.weight, self.shift_loss
        )
        total.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        return total.detach()
