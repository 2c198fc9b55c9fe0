"""How each bundled generator is made: its size, its data, its training."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.family import Family
from benchmark.generators.training.game import GanConfig
from benchmark.generators.training.real_images import Crop


@dataclass(frozen=True)
class Recipe:
    """data, terms: sentences for the card on the images and their use. crop: what to cut out of
    each image. held_out: for data without test images, every held_out-th image is kept for testing.
    """

    make: Callable[[], Family]
    config: GanConfig
    data: str
    terms: str
    crop: Crop | None = None
    held_out: int = 0


def _faces(make: Callable[[], Family]) -> Recipe:
    """Of generators that grow to the faces of CelebA."""
    return Recipe(
        make=make,
        config=GanConfig(
            steps=8_000,
            batch=32,
            lr_generator=2e-3,
            lr_critic=4e-3,
            beta2=0.99,
            augment=("translation",),
            mirror=True,
            r1=0.2,
        ),
        data="CelebA, the first 10,000 aligned images, faces cropped and resized to 64 x 64",
        terms="CelebA is for non-commercial research, and so are the weights",
        crop=Crop((7, 22, 82, 97), of=(89, 109)),  # CelebA's 178 x 218 too, which is twice that
        held_out=10,
    )


RECIPES = {
    "mnist-sngan": Recipe(
        make=lambda: SNGAN(128, (128, 64, 32, 32), 1),
        config=GanConfig(),
        data="MNIST, handwritten digits of 28 x 28 pixels, padded with black to 32 x 32",
        terms="MNIST is copyright Yann LeCun and Corinna Cortes, under CC BY-SA 3.0; "
        "the weights are meant for research",
    ),
    "anime-sngan-small": Recipe(
        make=lambda: SNGAN(128, (256, 128, 64, 32, 32), 3),
        config=GanConfig(
            steps=3_500,
            batch=32,
            critic_width=24,
            lr_generator=1.5e-4,
            lr_critic=6e-4,
            augment=("translation",),
            mirror=True,
        ),
        data="anime faces of 64 x 64 pixels, drawings of many artists",
        terms="no terms are stated for the drawings; the weights are meant for research only",
        held_out=10,
    ),
    "celeba-proggan-small": _faces(lambda: ProgGAN(128, (128, 128, 96, 48, 32), 3)),
    "celeba-stylegan2-small": _faces(
        lambda: StyleGAN2(
            64, z_dim=128, w_dim=128, mapping_layers=4, channels=(128, 128, 96, 48, 16)
        )
    ),
    "cifar-biggan-small": Recipe(
        make=lambda: BigGAN(32, latent_dim=80, width=20, n_classes=10, shared_dim=32),
        config=GanConfig(
            steps=4_250,
            batch=32,
            critic_width=40,
            lr_generator=2e-4,
            lr_critic=8e-4,
            falling=0.0,
            critic_slows_at=4_000,
            mirror=True,
        ),
        data="CIFAR-10, photographs of ten classes of 32 x 32 pixels",
        terms="no terms are stated for CIFAR-10; the weights are meant for research",
    ),
}
