"""The contract of a generator: what the suite relies on, checked on a few images before any work.

Each fault is one line that names the attribute or the line to change. A fault fails the generator's
cells; a note says what follows, and they run.
"""

import inspect
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.rewrites import fast_or_plain
from benchmark.generators.fast.sameness import LATENTS, answer, probe
from benchmark.generators.fast.settling import frozen_copy

SMALLEST_SIDE = 16  # pixels of an image's shorter side; below, R has nothing to look at
PICTURE_CHANNELS = (1, 3)  # of images that can be shown: grey and colour

REPEAT = 1e-4  # by which two images of one latent may differ: far below a grey level, 1 / 127.5
NOTHING = 1e-6  # by which images of different latents differ where they are the same image
OUTSIDE = 1.05  # a generator without tanh leaves [-1, 1] by a little, here and there;
SHARE_OUTSIDE = 0.1  # where more of its pixels do, or one by a lot, it has another range
FAR_OUTSIDE = 10.0

GRADIENT = "a gradient reaches the latents"
REWRITTEN = "the form that is rewritten for speed gives the same images"
PICTURES = "images can be shown as pictures"


@dataclass(frozen=True)
class Point:
    """One point of the contract. words: of a fault, what to change; of a note, what follows."""

    what: str
    state: Literal["ok", "fault", "note"] = "ok"
    words: str = ""


@dataclass(frozen=True)
class Contract:
    """The points that were checked; those after a fault may rest on it and are left out."""

    points: tuple[Point, ...]

    def fault(self, learns: bool) -> str:
        """The first fault, or "". learns: whether the method needs a gradient."""
        faults = (
            point.words
            for point in self.points
            if point.state == "fault" and (learns or point.what != GRADIENT)
        )
        return next(faults, "")


log = logging.getLogger("bench")

_KNOWN: WeakKeyDictionary[Generator, Contract] = WeakKeyDictionary()


def check(generator: Generator) -> Contract:
    """Check the contract; a generator that was checked before is not asked again."""
    if generator not in _KNOWN:
        _KNOWN[generator] = Contract(tuple(_points(generator)))
    return _KNOWN[generator]


def keep_contract(generator: Generator) -> None:
    """Raise BenchError for a fault that fails every cell of the generator; say each note once."""
    known = generator in _KNOWN
    contract = check(generator)
    if fault := contract.fault(learns=False):
        raise BenchError(fault)
    if not known:
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
    probing = _Probing(generator)
    for what, look in (
        ("latent_dim and image_shape", probing.sizes),
        ("latents come from the rng that sample is given", probing.sample),
        ("a copy of it stays in eval mode", probing.copy),
        ("images have the shape, type and range that they should", probing.images),
        ("the same latents give the same images", probing.twice),
        ("images depend on the latents", probing.variety),
        (GRADIENT, probing.gradient),
        ("an image depends on its own latent alone", probing.alone),
        ("the true directions, where it knows them", probing.truth),
        (REWRITTEN, probing.rewritten),
        (PICTURES, lambda: no_pictures(generator.image_shape)),
    ):
        found = attempt(look)
        if isinstance(found, Failure):
            yield Point(what, "fault", found.reason)
            if what != GRADIENT:
                return
        else:
            yield Point(what, "note", found) if found else Point(what)


class _Probing:
    """The points of one generator, in order: each gives a note or "", and raises for a fault."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.name = type(generator).__name__
        self.plain: Generator
        self.latents: Latents
        self.made: Tensor  # images of `latents`, (n, C, H, W)

    def sizes(self) -> str:
        d, shape = (getattr(self.generator, n, None) for n in ("latent_dim", "image_shape"))
        if not _counts(d):
            raise BenchError(f"{self.name}.latent_dim must be a whole number above 0, not {d!r}")
        if not (isinstance(shape, tuple) and len(shape) == 3 and all(map(_counts, shape))):
            raise BenchError(
                f"{self.name}.image_shape must be (channels, height, width), not {shape!r}"
            )
        if min(shape[1:]) < SMALLEST_SIDE:
            raise BenchError(
                f"images of {shape[1]} x {shape[2]} pixels are too small; R takes sides of "
                f"{SMALLEST_SIDE} and more ({self.name}.image_shape)"
            )
        return ""

    def sample(self) -> str:
        place, d = self._place("sample"), self.generator.latent_dim
        before = torch.get_rng_state()
        first, again, other = (self._drawn(seed) for seed in (1, 1, 2))
        if not torch.equal(before, torch.get_rng_state()):
            raise BenchError(f"{place} draws from torch's own random numbers; pass generator=rng")
        if not _same(first, again):
            raise BenchError(
                f"{place} gives other latents for the same rng; pass generator=rng to every draw"
            )
        if _same(first, other):
            raise BenchError(f"{place} gives the same latents for every rng; draw them from it")
        point, labels = first.point, first.labels
        if point.ndim not in (2, 3) or len(point) != LATENTS or not point.is_floating_point():
            raise BenchError(
                f"{place} gives {LATENTS} latents as {_said(point)}; it must give floats of (n, d) "
                "or (n, layers, d)"
            )
        if point.shape[-1] != d:
            raise BenchError(
                f"{place} gives latents of {point.shape[-1]} dimensions, "
                f"but {self.name}.latent_dim is {d}"
            )
        if not point.isfinite().all():
            raise BenchError(f"{place} gives latents that are not finite numbers")
        if labels is not None and (labels.shape != (LATENTS,) or labels.dtype != torch.int64):
            raise BenchError(f"{place} gives labels as {_said(labels)}; they must be int64 of (n,)")
        moved = first.moved(torch.zeros(d)).labels
        if (moved is None) != (labels is None) or not torch.equal(_or(moved), _or(labels)):
            raise BenchError(f"latents of {place} lose their labels when they move")
        return ""

    def copy(self) -> str:
        try:
            self.plain = frozen_copy(self.generator)
        except Exception as error:
            raise BenchError(
                f"{self.name} cannot be copied ({type(error).__name__}: {error}); make what cannot "
                "where it is used, not in __init__"
            ) from error
        if any(layer.training for layer in self.plain.modules()):
            raise BenchError(f"{self._place('eval')} leaves layers in training mode")
        device = probe(self.plain).point.device
        self.latents = self._drawn(1).to(device)
        return ""

    def images(self) -> str:
        place, shape = self._place("forward"), tuple(self.generator.image_shape)
        point = self.latents.point.clone()
        made: Any = attempt(self._make, self.latents)
        if isinstance(made, Failure):
            raise BenchError(
                f"{place} fails for {LATENTS} latents of {self.generator.latent_dim} dimensions: "
                f"{made.reason}"
            )
        if not isinstance(made, Tensor):
            kind = type(made).__name__
            raise BenchError(f"{place} returns a value of type {kind}; return the images alone")
        if not torch.equal(point, self.latents.point):
            raise BenchError(f"{place} changes the latents it is given; work on a clone of them")
        if made.shape != (LATENTS, *shape):
            raise BenchError(
                f"{place} gives {LATENTS} images as {tuple(made.shape)}, but {self.name}"
                f".image_shape is {shape}"
            )
        if made.dtype != torch.float32:
            raise BenchError(f"{place} gives {made.dtype} images; end it with .float()")
        if made.is_inference():
            raise BenchError(f"{place} runs in inference mode; take torch.inference_mode() out")
        if not made.isfinite().all():
            raise BenchError(f"{place} gives values that are not finite numbers")
        self.made = made
        low, high = float(made.min()), float(made.max())
        outside = made.abs() > OUTSIDE
        if outside.float().mean() > SHARE_OUTSIDE or max(-low, high) > FAR_OUTSIDE:
            raise BenchError(
                f"{place} gives values from {low:.4g} to {high:.4g}; bring images to [-1, 1], "
                f"{_rescaled(low, high)}"
            )
        if low >= 0.0:
            return (
                f"values lie in [{low:.2g}, {high:.2g}]; if they are meant to span [0, 1], "
                f"return 2 * images - 1 ({place})"
            )
        return ""

    def twice(self) -> str:
        off = float((self._make(self.latents) - self.made).abs().max())
        if not off <= REPEAT:
            raise BenchError(
                f"{self._place('forward')} gives images that differ by {off:.2g} for the same "
                "latents; keep noise fixed, and dropout to training mode"
            )
        return ""

    def variety(self) -> str:
        if float((self.made - self.made[:1]).abs().max()) <= NOTHING:
            raise BenchError(
                f"{self._place('forward')} gives one image whatever the latents are; "
                "make it depend on latents.point"
            )
        return ""

    def gradient(self) -> str:
        place = self._place("forward")
        _, slope = answer(self.plain, self.generator.image_shape[1:])
        if not slope.isfinite().all():
            raise BenchError(f"{place} gives the latents a gradient that is not finite")
        if not slope.any():
            raise BenchError(
                f"no gradient reaches the latents through {place}; take no_grad, detach, .data, "
                "numpy and rounding out of it"
            )
        return ""

    def alone(self) -> str:
        one = attempt(self._make, self.latents[:1])
        if isinstance(one, Failure):
            return f"{self._place('forward')} cannot make a single image ({one.reason})"
        if float((one - self.made[:1]).abs().max()) <= 10 * REPEAT:  # batches are summed otherwise
            return ""
        return (
            "an image changes with the others of its batch, so RCA depends on the size of a batch; "
            "a batch norm without running statistics does that"
        )

    def truth(self) -> str:
        axes, d = self.generator.true_directions(), self.generator.latent_dim
        if axes is None:
            return ""
        unit = axes.ndim == 2 and ((axes.norm(dim=0) - 1.0).abs() <= 1e-3).all()
        if not unit or axes.shape[0] != d:
            raise BenchError(
                f"{self._place('true_directions')} gives {_said(axes)}; "
                f"it must give unit columns, ({d}, F)"
            )
        return ""

    def rewritten(self) -> str:
        reason = fast_or_plain(self.generator)[1]
        return f"the plain form is used, which is slower: {reason}" if reason else ""

    @torch.no_grad()
    def _make(self, latents: Latents) -> Tensor:
        return self.plain(Latents(latents.point, latents.labels))  # (n, C, H, W)

    def _drawn(self, seed: int) -> Latents:
        """The second of two draws that follow each other in one stream; they must differ."""
        rng = stream("contract", seed)
        before, drawn = (self.generator.sample(LATENTS, rng) for _ in range(2))
        if not isinstance(drawn, Latents) or not isinstance(drawn.point, Tensor):
            place, kind = self._place("sample"), type(drawn).__name__
            raise BenchError(f"{place} returns a value of type {kind}; return Latents(point)")
        if _same(before, drawn):
            raise BenchError(
                f"{self._place('sample')} gives the same latents again and again; draw from rng"
            )
        return drawn

    def _place(self, method: str) -> str:
        """`Mine.forward (mine.py line 12)`; without the line where it is not a function's."""
        code = getattr(inspect.unwrap(getattr(type(self.generator), method)), "__code__", None)
        line = f" ({Path(code.co_filename).name} line {code.co_firstlineno})" if code else ""
        return f"{self.name}.{method}{line}"


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _same(one: Latents, other: Latents) -> bool:
    return torch.equal(one.point, other.point) and torch.equal(_or(one.labels), _or(other.labels))


def _or(labels: Tensor | None) -> Tensor:
    return torch.empty(0) if labels is None else labels


def _said(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of {tuple(tensor.shape)}"


def _rescaled(low: float, high: float) -> str:
    """How images of such a range are brought to [-1, 1]."""
    if low >= 0.0:
        return "as in images / 127.5 - 1" if high > FAR_OUTSIDE else "as in images - 1"
    return "as tanh does, or undo the normalisation of the training data"
