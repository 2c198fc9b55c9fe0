"""A generator of somebody's own as it is opened: is it one at all, and can it be configured?

What it does with latents is asked later, by its contract.
"""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from torch import nn

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator
from benchmark.generators.prior import Prior
from benchmark.generators.usual import Usual


def tried(generator: object, source: str) -> Generator:
    """The same on the CPU, frozen and in eval mode, where it is a generator that can be configured.

    source: what names it in errors. Raises BenchError for what is none.
    """
    if not isinstance(generator, Generator):
        network = ", which says how z is drawn and what images come out"
        network += "; see docs/OWN_GENERATORS.md"
        raise BenchError(
            f"{source} returned a value of type {type(generator).__name__}; "
            "it must return a benchmark.generators.base.Generator"
            f"{network if isinstance(generator, nn.Module) else ''}"
        )
    for needed in ("latent_dim", "image_shape"):
        if not hasattr(generator, needed):
            raise BenchError(f"{source} does not say its {needed}")
    if not isinstance(generator.usual, Usual):
        raise BenchError(
            f"{source} has the usual terms {generator.usual!r}; "
            "they must be a benchmark.generators.base.Usual"
        )
    if not isinstance(generator.prior, Prior):
        raise BenchError(
            f"{source} has the prior {generator.prior!r}; it must be one of "
            "benchmark.generators.base.Prior, such as Prior.uniform(-1, 1)"
        )
    if type(count := generator.n_classes) is not int or count < 0:
        raise BenchError(f"{source} has n_classes {count!r}; it must be a whole number")
    kind = generator.Options
    if not is_dataclass(kind) or any(_without_default(option) for option in fields(kind)):
        raise BenchError(f"{source}: its Options must be a dataclass, each field with a default")
    return generator.eval().requires_grad_(False).cpu()  # a run moves copies of it


def _without_default(option: Field[Any]) -> bool:
    return option.default is MISSING and option.default_factory is MISSING
