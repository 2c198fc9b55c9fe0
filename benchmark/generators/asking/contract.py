"""The contract of a generator: what the suite relies on, checked on a few images before any work.

Each fault is one line that names the attribute or the line to change. A fault fails the generator's
cells; a note says what follows, and they run.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary, WeakSet

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.generators.asking.asked import Asked
from benchmark.generators.asking.asked_classes import classes, reach
from benchmark.generators.asking.asked_images import (
    alone,
    gradient,
    images,
    repeating,
    rewriting,
    variety,
)
from benchmark.generators.asking.asked_latents import copying, sampling, sizes, truth
from benchmark.generators.base import Generator

PICTURE_CHANNELS = (1, 3)  # of images that can be shown: grey and colour

GRADIENT = "a gradient reaches the latents"
REWRITTEN = "the form that is rewritten for speed gives the same images"
PICTURES = "images can be shown as pictures"


@dataclass(frozen=True)
class Point:
    """One point of the contract. words: of a fault, what to change; of a note, what follows; of a
    limit, which methods its kind of generator can never serve."""

    what: str
    state: Literal["ok", "fault", "note", "limit"] = "ok"
    words: str = ""


@dataclass(frozen=True)
class Contract:
    """The points that were checked; those after a fault may rest on it and are left out."""

    points: tuple[Point, ...]

    def fault(self, learns: bool) -> str:
        """The first fault or limit, or "". learns: whether the method needs a gradient."""
        faults = (
            point.words
            for point in self.points
            if point.state in ("fault", "limit") and (learns or point.what != GRADIENT)
        )
        return next(faults, "")


log = logging.getLogger("bench")

_KNOWN: WeakKeyDictionary[Generator, Contract] = WeakKeyDictionary()
_TOLD: WeakSet[Generator] = WeakSet()  # generators whose notes were said


def check(generator: Generator) -> Contract:
    """Check the contract; a generator that was checked before is not asked again."""
    if generator not in _KNOWN:
        _KNOWN[generator] = Contract(tuple(_points(generator)))
    return _KNOWN[generator]


def keep_contract(generator: Generator) -> None:
    """Raise BenchError for a fault that fails every cell of the generator; say each note once."""
    contract = check(generator)
    if fault := contract.fault(learns=False):
        raise BenchError(fault)
    if generator not in _TOLD:
        _TOLD.add(generator)
        for point in contract.points:
            if point.state == "note" and point.what != REWRITTEN:  # `prepare` says that itself
                log.warning("%s: %s", type(generator).__name__, point.words)


def no_pictures(image_shape: tuple[int, int, int]) -> str:
    """Why images of this shape cannot be shown to people, or ""."""
    channels = image_shape[0]
    if channels in PICTURE_CHANNELS:
        return ""
    return f"its images have {channels} channels, and a picture has 1 or 3"


def _points(generator: Generator) -> Iterator[Point]:
    asked = Asked(generator)
    for what, look in (
        ("latent_dim and image_shape", sizes),
        ("latents come from the rng that sample is given", sampling),
        ("a copy of it stays in eval mode", copying),
        ("images have the shape, type and range that they should", images),
        ("the same latents give the same images", repeating),
        ("images depend on the latents", variety),
        ("classes, where it has them, reach the images", classes),
        (GRADIENT, gradient),
        ("an image depends on its own latent alone", alone),
        ("the true directions, where it knows them", truth),
        ("the usual range of eps is that of its latents", reach),
        (REWRITTEN, rewriting),
        (PICTURES, lambda one: no_pictures(one.generator.image_shape)),
    ):
        found = attempt(look, asked)
        if isinstance(found, Failure):
            limit = found.unserved and what == GRADIENT
            yield Point(what, "limit" if limit else "fault", found.reason)
            if what != GRADIENT:
                return
        else:
            yield Point(what, "note", found) if found else Point(what)
