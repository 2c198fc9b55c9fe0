"""The game that a generator and its critic play: its settings, what each minimises, who plays."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.generators.family import Family
from benchmark.generators.training.discriminator import Discriminator

R1_EVERY = 16  # steps between penalties, each that many times as strong (Karras et al., 2020)


@dataclass(frozen=True)
class GanConfig:
    """steps: generator updates. batch: images per step. Rates are Adam's: held, then falling to
    zero over the last steps, whose share is `falling`; 0 holds them to the end. The critic's is
    half from step `critic_slows_at` on, where that is given: a critic that wins is held back.

    critic_width: channels of the discriminator's first block; a ProgGAN's has the generator's own.
    beta2: Adam's. ema: how much of the averaged weights each step keeps. augment: how all that the
    critic sees is disturbed, some of `augmentation.KINDS`. mirror: turn half of the real images
    left to right. r1: strength of the gradient penalty, none at 0. bf16: forward passes in
    bfloat16, on a device that has it. checkpoint_every, samples_every: steps between checkpoints
    and between sheets of samples.
    """

    steps: int = 9_000
    batch: int = 32
    critic_width: int = 32
    lr_generator: float = 3e-4
    lr_critic: float = 4e-4
    falling: float = 0.5
    critic_slows_at: int | None = None
    beta2: float = 0.9
    ema: float = 0.999
    augment: tuple[str, ...] = ()
    mirror: bool = False
    r1: float = 0.0
    bf16: bool = True
    seed: int = 0
    checkpoint_every: int = 500
    samples_every: int = 1_000

    @property
    def early_step(self) -> int:
        """The step whose generator shows what the rest of the training brought."""
        return max(1, self.steps // 10)

    def rates(self, step: int) -> tuple[float, float]:
        """The rates of the generator and of the critic in the update after `step` others."""
        left = 1.0 - step / self.steps
        decay = min(1.0, left / self.falling) if self.falling else 1.0
        slows = self.critic_slows_at is not None and step >= self.critic_slows_at
        return self.lr_generator * decay, self.lr_critic * decay * (0.5 if slows else 1.0)

    @property
    def schedule(self) -> str:
        """How the rates go, in the words of the model card."""
        falls = f"falling to 0 over the last {self.falling:.0%} of the steps"
        words = falls if self.falling else "held to the end"
        if self.critic_slows_at is None or self.critic_slows_at >= self.steps:
            return words
        return f"{words}, the critic's at half from step {self.critic_slows_at:,} on"

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is int and value < 1 and name != "seed":
                raise BenchError(f"{name} must be at least 1, not {value}")


@dataclass(frozen=True)
class Loss:
    """critic: loss from scores (n,) of real and of fake images. generator: loss from those of
    fakes."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


HINGE = Loss(  # Lim & Ye, 2017; Miyato et al., 2018
    lambda real, fake: F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean(),
    lambda fake: -fake.mean(),
)
LOGISTIC = Loss(  # Goodfellow et al., 2014, not saturating
    lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
    lambda fake: F.softplus(-fake).mean(),
)


def r1_penalty(critic: nn.Module, reals: Tensor, labels: Tensor | None) -> Tensor:
    """Half the mean squared gradient of the scores by the real images (Mescheder et al., 2018).

    It keeps a critic without spectral norm from growing ever steeper.
    """
    reals = reals.detach().requires_grad_(True)
    scores = critic(reals, labels)  # (n,)
    (gradient,) = torch.autograd.grad(scores.sum(), reals, create_graph=True)  # (n, C, H, W)
    return 0.5 * gradient.square().sum(dim=(1, 2, 3)).mean()


class Game:
    """The hinge game of `generator` against a spectral-norm critic (Miyato et al., ICLR 2018), with
    images of full size all along."""

    loss: ClassVar[Loss] = HINGE

    def __init__(self, generator: Family) -> None:
        self.generator = generator

    def player(self) -> nn.Module:
        """The network that makes the fakes."""
        return self.generator

    def critic(self, width: int) -> nn.Module:
        return Discriminator(self.generator.image_shape, width, self.generator.n_classes)

    def grow(self, networks: Iterable[nn.Module], share: float) -> None:
        """Set the size of images at which the networks work after this share of the steps."""

    def reals(self, images: Tensor, player: nn.Module) -> Tensor:
        """Real (n, C, H, W) images as `player` should make them by now: (n, C, h, w)."""
        return images

    def alone(self, player: nn.Module) -> Family:
        """A copy of the generator that `player` has become, without what only training needs."""
        whole: Family = copy.deepcopy(player)  # type: ignore[assignment]  # it is the generator
        return whole

    def words(self, config: GanConfig) -> str:
        """The game in a few words, for the model card."""
        return f"hinge loss against a spectral-norm discriminator {config.critic_width} wide"
