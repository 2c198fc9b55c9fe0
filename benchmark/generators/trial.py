"""A generator of somebody's own as it is opened: is it one at all, and can it be configured?

What it does with latents is asked later, by its contract.
"""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator
from benchmark.generators.usual import Usual


def tried(generator: object, source: str) -> Generator:
    """The same, frozen and in eval mode, where it is a generator that can be configured.

    source: what names it in errors. Raises BenchError for what is none.
    """
    if not isinstance(generator, Generator):
        raise BenchError(
            f"{source} returned a value of type {type(generator).__name__}; "
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
    return generator.eval().requires_grad_(False)


def _without_default(option: Field[Any]) -> bool:
    return option.default is MISSING and option.default_factory is MISSING
