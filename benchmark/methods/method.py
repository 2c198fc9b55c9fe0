"""What a method is: a few settings, and a way from a generator to directions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmark.generators.base import Generator
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner


@dataclass(frozen=True)
class Assignment:
    """What a method is asked to do on one generator.

    generator: frozen and prepared, on `device`. protocol: the terms; `protocol.k` directions are
    wanted. rng: this method's own random stream. stream_name: seeds the training questions.
    r_seed: seeds a reconstructor. checkpoint: where a long fit keeps its state, or
    None. label: names it in progress lines.
    """

    generator: Generator
    protocol: Protocol
    rng: torch.Generator
    stream_name: str
    r_seed: int
    device: str = "cpu"
    checkpoint: Path | None = None
    label: str = "fit"


@dataclass(frozen=True)
class Fitted:
    """matrix: A (d, K). learner: what trained it, for a method whose R learns together with A."""

    matrix: Tensor
    learner: Learner | None = None


class Method(ABC):
    """Base of all methods: a frozen dataclass of settings that knows how to fit."""

    def check(self, latent_dim: int, k: int) -> None:  # noqa: B027 - no limits unless it says so
        """Raise BenchError if no k directions of this kind exist in `latent_dim` dimensions."""

    @abstractmethod
    def fit(self, task: Assignment) -> Fitted:
        """Directions for the generator of `task`; whatever it raises fails its cell alone."""
