"""LatentCLR (Yüksel et al., ICCV 2021), its global form, from the formulas of the paper."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.penalised import check_several
from benchmark.core.errors import BenchError, Unserved, unknown
from benchmark.directions.matrices import UnitLinear
from benchmark.directions.shift import Linear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment
from benchmark.methods.own_loss import OwnLoss
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import Shifts


@dataclass(frozen=True)
class LatentCLR(OwnLoss):
    """Directions whose effect on features is alike for all latents and unlike the others' effect.

    lr: ten times the authors', which their longer trainings need less. layer: where features are
    read, one of the generator's; none means the middle one: the authors read a middle layer, too,
    as the first ones are nearly linear in the latent and the last ones full of detail, and each is
    paid for K times a latent. alpha: how far latents move, in eps. temperature: multiplies
    similarities before the exponential. batch: the authors' for a hundred directions; all K
    directions of each latent meet all of the batch, so a step costs K + 1 passes a latent.
    """

    lr: float = 1e-2
    batch: int | None = 8
    weight_decay: float = 1e-3
    layer: str | None = None
    alpha: float = 0.1
    temperature: float = 0.5

    role = "baseline"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha", "temperature"):
            if not getattr(self, name) > 0:
                raise BenchError(f"LatentCLR: {name} must be above 0, not {getattr(self, name)}")

    def check(self, generator: Generator, protocol: Protocol) -> None:
        check_several("LatentCLR", protocol)
        names = generator.feature_layers()
        if not names:
            raise Unserved(
                f"{type(generator).__name__} names no layer whose features are to be read"
            )
        if self.layer is not None and self.layer not in names:
            raise unknown(f"layer of {type(generator).__name__}", self.layer, names)

    def untrained(self, task: Assignment) -> UnitLinear:
        d, k = task.generator.latent_dim, task.protocol.k
        return UnitLinear(torch.randn(d, k, generator=task.rng))

    def rate_factor(self, progress: float) -> float:
        """A fifth after a tenth of the steps, and again after half: of the authors' 10,000, after
        1,000 and 5,000."""
        return 1.0 if progress < 0.1 else 0.2 if progress < 0.5 else 0.04

    def loss(
        self, generator: Generator, shift: Linear, shifts: Shifts, rng: torch.Generator
    ) -> Tensor:
        latents, n = shifts.latents, len(shifts.latents)
        layer = self.layer or _middle(generator.feature_layers())
        with torch.no_grad():
            still = _unit(generator.features(latents, layer))  # (n, F)
        everyone = torch.arange(n, device=shifts.k.device).repeat(shift.k)  # (K n,)
        columns = latents.measured(shift.matrix().T)  # (K, d)
        delta = self.alpha * columns.repeat_interleave(n, dim=0)  # (K n, d)
        moved = _unit(generator.features(latents[everyone].moved(delta), layer))  # (K n, F)
        effects = F.normalize(moved - still[everyone], dim=1)  # (K n, F)
        return contrast(effects.unflatten(0, (shift.k, n)), self.temperature)


def contrast(effects: Tensor, temperature: float) -> Tensor:
    """The mean of -log(similarity to the same direction / to the others), from unit effects
    (K, n, F) of K directions on n latents.

    A similarity is exp(temperature |cos|); of the same direction it is the mean over the other
    latents, of the others the mean over all of theirs.
    """
    k, n, _ = effects.shape
    flat = effects.flatten(0, 1)  # (K n, F)
    similar = torch.exp(temperature * (flat @ flat.T).abs())  # (K n, K n)
    direction = torch.arange(k, device=flat.device).repeat_interleave(n)  # (K n,)
    same = direction.unsqueeze(0) == direction.unsqueeze(1)  # (K n, K n)
    others = same & ~torch.eye(k * n, dtype=torch.bool, device=flat.device)  # (K n, K n)
    positive = (similar * others).sum(dim=1) / (n - 1)  # (K n,)
    negative = (similar * ~same).sum(dim=1) / ((k - 1) * n)  # (K n,)
    return -(positive / negative).log().mean()


def _middle(names: tuple[str, ...]) -> str:
    return names[len(names) // 2]


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features.flatten(1), dim=1)  # (n, F)
