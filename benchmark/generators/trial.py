"""A generator of somebody's own on trial: does it keep its word, before anything is computed?"""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import torch

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator, Latents, Usual

FEW = 2  # latents, so that a batch is told from its first entry
FARTHEST = 4.0  # of a pixel from 0: trained generators overshoot 1, other scales reach 255


def tried(generator: object, source: str) -> Generator:
    """The same, once it has said what it is and made two images.

    source: what names it in errors. Raises BenchError for a generator that is none, and whatever
    its own code raises.
    """
    if not isinstance(generator, Generator):
        raise BenchError(
            f"{source} returned a {type(generator).__name__}; "
            "it must return a benchmark.generators.base.Generator"
        )
    for needed in ("latent_dim", "image_shape"):
        if not hasattr(generator, needed):
            raise BenchError(f"{source} does not say its {needed}")
    if not isinstance(generator.usual, Usual):
        raise BenchError(
            f"{source} has the usual terms {generator.usual!r}; "
            "they must be a benchmark.generators.base.Usual"
        )
    kind = generator.Options
    if not is_dataclass(kind) or any(_without_default(option) for option in fields(kind)):
        raise BenchError(f"{source}: its Options must be a dataclass, each field with a default")
    _try_images(generator.eval(), source)
    return generator


@torch.no_grad()
def _try_images(generator: Generator, source: str) -> None:
    latents = generator.sample(FEW, torch.Generator().manual_seed(0))
    if not isinstance(latents, Latents):
        raise BenchError(f"{source}: sample() gave a {type(latents).__name__}, not Latents")
    ends = (len(latents), latents.point.shape[-1])
    if ends != (FEW, generator.latent_dim):
        raise BenchError(
            f"{source}: sample({FEW}) gave {tuple(latents.point.shape)}, "
            f"not {(FEW, generator.latent_dim)}"
        )
    images = generator(latents)  # (n, C, H, W)
    wanted = (FEW, *generator.image_shape)
    if tuple(images.shape) != wanted:
        raise BenchError(
            f"{source}: the images of {FEW} latents are {tuple(images.shape)}, not {wanted}"
        )
    if images.abs().max() > FARTHEST:  # NaN shows in the loss, and fails its cells alone
        low, high = images.min().item(), images.max().item()
        raise BenchError(
            f"{source}: its images reach from {low:.3g} to {high:.3g}, not from -1 to 1"
        )


def _without_default(option: Field[Any]) -> bool:
    return option.default is MISSING and option.default_factory is MISSING
