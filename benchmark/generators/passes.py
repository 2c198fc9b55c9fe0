"""Passes of G: how many images something cost, counted where they are made.

An image counts once for whoever asked for it, made whole or, for features, as far as a layer; and
once more, apart, where a gradient came back through it. That a batch is made in parts, or a second
time to save memory, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor


@dataclass
class Passes:
    """forward: images that were made. backward: those through which a gradient came back."""

    forward: int = 0
    backward: int = 0

    def add(self, others: Passes) -> None:
        self.forward += others.forward
        self.backward += others.backward

    def state(self) -> dict[str, int]:
        """As a checkpoint or a result keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any]) -> Passes | None:
        """Those that a training had made; None where an earlier version did not count them."""
        kept = checkpoint.get("passes")
        return None if kept is None else cls(**kept)

    def note(self, made: Tensor, n: int) -> None:
        """Count n images, or features; if a gradient ever comes back through them, that too."""

        def came_back(_gradient: Tensor) -> None:
            self.backward += n

        self.forward += n
        if made.requires_grad:
            made.register_hook(came_back)


_COUNTING: ContextVar[Passes | None] = ContextVar("counting", default=None)


@contextmanager
def counting(passes: Passes | None) -> Iterator[None]:
    """While entered, whatever generators make counts in `passes` and nowhere else; with None it
    does not count."""
    before = _COUNTING.set(passes)
    try:
        yield
    finally:
        _COUNTING.reset(before)


def count_again(passes: Passes) -> None:
    """As many were made once more, without a generator being asked."""
    now = _COUNTING.get()
    if now is not None:
        now.add(passes)


def counted(make: Callable[[], Tensor], latents: Sized) -> Tensor:
    """What `make` gives, images or features of the latents. They count once, whichever generators
    it asks in its turn."""
    passes = _COUNTING.get()
    if passes is None:
        return make()
    with counting(None):
        made = make()
    passes.note(made, len(latents))
    return made
