"""Images that begin at 8 x 8 pixels and double in size, as ProgGAN's (Karras et al., ICLR 2018).

`growth` says how far: 1.0 is 8 x 8 pixels, 2.0 is 16 x 16, and 1.3 an image of 16 x 16 of which
three tenths come from the new layers and the rest is the smaller image, enlarged.
"""

from collections.abc import Iterable
from math import ceil, floor
from typing import ClassVar, Protocol, cast

from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.base import Latents
from benchmark.generators.families.proggan import SEED_SIZE, ProgGAN, layer
from benchmark.generators.training.game import LOGISTIC, Game, GanConfig, Loss
from benchmark.generators.training.progressive import ProgressiveDiscriminator

GROWING = 0.6  # share of the steps in which the images grow; the rest is at full size


def growth_at(share: float, doublings: int) -> float:
    """How far the images have grown after this share of the steps: from 1 to `doublings`.

    Each size is held as long as the next one takes to fade in.
    """
    position = min(share / GROWING, 1.0) * (doublings - 1)
    whole = floor(position)
    return 1.0 + whole + max(0.0, 2.0 * (position - whole) - 1.0)


class GrowingGenerator(nn.Module):
    """The layers of `generator` up to `growth`, with a way to an image at each size."""

    def __init__(self, generator: ProgGAN) -> None:
        super().__init__()
        self.generator = generator
        image_channels = generator.image_shape[0]
        to_image = [layer(c, image_channels, 1, gain=1.0) for c in generator.channels[:-1]]
        self.to_image = nn.ModuleList([*to_image, generator.output])
        self.growth = float(len(to_image))

    def forward(self, latents: Latents) -> Tensor:
        size = ceil(self.growth)
        layers = self.generator.layers
        x = layers[: 2 * size](
            latents.point[:, :, None, None]
        )  # (n, C, h/2, w/2), from (n, d, 1, 1)
        new = layers[2 * size : 2 * size + 2](x)  # (n, C, h, w)
        images = self.to_image[size](new)  # (n, C, h, w)
        if size == self.growth:
            return images
        enlarged = doubled(self.to_image[size - 1](x))  # (n, C, h, w)
        return enlarged.lerp(images, self.growth + 1.0 - size)

    def grown(self) -> ProgGAN:
        """A generator by itself, of the largest size that has faded in."""
        size = floor(self.growth)
        whole = self.generator
        part = ProgGAN(whole.latent_dim, whole.channels[: size + 1], whole.image_shape[0])
        part.layers.load_state_dict(whole.layers[: 2 * size + 2].state_dict())
        part.output.load_state_dict(self.to_image[size].state_dict())
        device = next(whole.parameters()).device
        return part.to(device)


class Growing(Protocol):
    """A network of either side of the game."""

    growth: float


class GrowingGame(Game):
    """The logistic game with a gradient penalty (Mescheder et al., ICML 2018) of two networks that
    grow together.
    """

    loss: ClassVar[Loss] = LOGISTIC

    @property
    def doublings(self) -> int:
        _, side, _ = self.generator.image_shape
        return (side // SEED_SIZE).bit_length() - 1

    def grow(self, networks: Iterable[nn.Module], share: float) -> None:
        for network in networks:
            cast(Growing, network).growth = growth_at(share, self.doublings)

    def reals(self, images: Tensor, player: nn.Module) -> Tensor:
        return shrunk(images, cast(Growing, player).growth, self.doublings)


class ProgGANGame(GrowingGame):
    """A ProgGAN against its own mirror image."""

    generator: ProgGAN

    def player(self) -> nn.Module:
        return GrowingGenerator(self.generator)

    def critic(self, width: int) -> nn.Module:
        channels, _, _ = self.generator.image_shape
        return ProgressiveDiscriminator(channels, self.generator.channels)

    def alone(self, player: nn.Module) -> ProgGAN:
        """The generator of the largest size that has faded in."""
        return cast(GrowingGenerator, player).grown()

    def words(self, config: GanConfig) -> str:
        return "logistic loss, growing from 8 x 8 pixels with a discriminator of its own shape"


def shrunk(images: Tensor, growth: float, doublings: int) -> Tensor:
    """Real (n, C, H, W) images as a generator of that growth should make them: (n, C, h, w).

    While a size fades in, they too are in part the next smaller image, enlarged.
    """
    size = ceil(growth)
    images = F.avg_pool2d(images, 2 ** (doublings - size))  # (n, C, h, w)
    if size == growth:
        return images
    return doubled(F.avg_pool2d(images, 2)).lerp(images, growth + 1.0 - size)


def doubled(images: Tensor) -> Tensor:
    """(n, C, h, w) -> (n, C, 2h, 2w)"""
    return F.interpolate(images, scale_factor=2)
