"""The game that a generator and its critic play, where images have their full size all along."""

import copy
from collections.abc import Iterable
from typing import ClassVar

from torch import Tensor, nn

from benchmark.generators.family import Family
from benchmark.generators.training.discriminator import Discriminator
from benchmark.generators.training.gan_config import GanConfig
from benchmark.generators.training.losses import HINGE, Loss


class Game:
    """The hinge game of `generator` against a spectral-norm critic (Miyato et al., ICLR 2018)."""

    loss: ClassVar[Loss] = HINGE

    def __init__(self, generator: Family) -> None:
        self.generator = generator

    def player(self) -> nn.Module:
        """What makes the fakes."""
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
