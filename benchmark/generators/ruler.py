"""How long one eps is in a space whose points do not spread alike in all directions.

z ~ N(0, I) has standard deviation 1 whichever way one looks. In w it may be 0.1 one way and 3 the
other, so an eps counts standard deviations of w along the direction (Härkönen et al., NeurIPS 2020,
move in the same unit).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Ruler:
    """centre: (d,) mean of the points. spread: (r, d); |spread u| is the standard deviation of the
    points along a unit vector u."""

    centre: Tensor
    spread: Tensor

    @classmethod
    def of(cls, points: Tensor) -> Ruler:
        """The ruler of a sample of points (m, d), in their type; computed in float64."""
        wide = points.double()
        centre = wide.mean(dim=0)  # (d,)
        variances, axes = torch.linalg.eigh((wide - centre).T.cov(correction=0))  # (d,), (d, d)
        spread = variances.clamp(min=0).sqrt().unsqueeze(1) * axes.T  # (d, d)
        return cls(centre.to(points), spread.to(points))

    @property
    def scale(self) -> float:
        """The standard deviation of one dimension, the root of the mean square over all."""
        return float(self.spread.double().square().sum() / self.spread.shape[1]) ** 0.5

    def along(self, vectors: Tensor) -> Tensor:
        """(...,) the standard deviation along vectors (..., d), whatever their length."""
        return torch.linalg.vector_norm(
            F.normalize(vectors, dim=-1) @ self.spread.T.to(vectors), dim=-1
        )

    def measured(self, vectors: Tensor) -> Tensor:
        """Vectors (..., d), each times the standard deviation along it."""
        return vectors * self.along(vectors).unsqueeze(-1)

    def standing(self, points: Tensor) -> Tensor:
        """Points (..., d) from the centre, in units of `scale`: as wide as N(0, I), on average."""
        return (points - self.centre.to(points)) / self.scale

    def to(self, device: torch.device | str) -> Ruler:
        return Ruler(self.centre.to(device), self.spread.to(device))
