"""What every generator of the suite is: a frozen map from latents to images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError


@dataclass(frozen=True)
class Latents:
    """A batch of points of the space in which directions move: z, or w, or one w per layer.

    point: (n, d) or (n, layers, d) float. labels: (n,) int64 class of each point, or None for
    unconditional generators. Moving keeps the labels, so both images of a pair share their class.
    """

    point: Tensor
    labels: Tensor | None = None

    def __len__(self) -> int:
        return self.point.shape[0]

    def moved(self, delta: Tensor) -> Latents:
        """The same points moved by delta, (n, d) or (d,); with layers, all of them alike.

        The only way to move: whatever shifts an image goes through here.
        """
        if self.point.ndim == 3:
            delta = delta.unsqueeze(-2)  # (n, 1, d) or (1, d)
        return replace(self, point=self.point + delta)

    def to(self, device: torch.device | str) -> Latents:
        labels = None if self.labels is None else self.labels.to(device)
        return Latents(self.point.to(device), labels)

    def __getitem__(self, rows: slice | Tensor) -> Latents:
        return Latents(self.point[rows], None if self.labels is None else self.labels[rows])


class Generator(nn.Module):
    """Base of all generators: G maps n latents to (n, C, H, W) images in [-1, 1].

    A subclass sets `latent_dim` and `image_shape` and implements `forward`. `sample` draws from
    N(0, I) unless the subclass says otherwise (classes, truncation). The rest is for those that
    have more to offer.
    """

    latent_dim: int  # d
    image_shape: tuple[int, int, int]  # (C, H, W)

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        """n latents from the generator's prior, on the CPU whatever the generator's device.

        Drawing on the CPU makes a seed mean the same latents on every machine.
        """
        return Latents(torch.randn(n, self.latent_dim, generator=rng))  # (n, d)

    def forward(self, latents: Latents) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how it makes images")

    def configure(
        self, classes: Sequence[int] | int | None = None, truncation: float | None = None
    ) -> None:
        """Choose what `sample` draws; raises BenchError for what the generator does not offer."""
        if classes is not None or truncation is not None:
            raise BenchError(f"a {type(self).__name__} has no classes and no truncation to choose")

    def true_directions(self) -> Tensor | None:
        """(d, F) unit columns where the directions of its factors are known, else None."""
        return None

    def thin(self, side: int) -> None:
        """Leave out the pixels that nearest sampling to `side` x `side` would drop.

        Changes nothing where the architecture cannot; `image_shape` says what images come out.
        """
