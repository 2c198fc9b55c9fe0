"""A generator under examination, and the few latents and images that its points are asked about."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.sameness import LATENTS


class Asked:
    """One generator and what it gave so far. plain: a frozen copy of it. latents: LATENTS of them.
    made: their images, (n, C, H, W)."""

    plain: Generator
    latents: Latents
    made: Tensor

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.name = type(generator).__name__

    @torch.no_grad()
    def make(self, latents: Latents) -> Tensor:
        return self.plain(replace(latents))  # (n, C, H, W)

    def drawn(self, seed: int) -> Latents:
        """The second of two draws that follow each other in one stream; they must differ."""
        rng = stream("contract", seed)
        before, drawn = (self.generator.sample(LATENTS, rng) for _ in range(2))
        if not isinstance(drawn, Latents) or not isinstance(drawn.point, Tensor):
            place, kind = self.place("sample"), type(drawn).__name__
            raise BenchError(f"{place} returns a value of type {kind}; return Latents(point)")
        if same(before, drawn):
            raise BenchError(
                f"{self.place('sample')} gives the same latents again and again; draw from rng"
            )
        return drawn

    def place(self, method: str) -> str:
        """`Mine.forward (mine.py line 12)`; without the line where it is not a function's."""
        code = getattr(inspect.unwrap(getattr(type(self.generator), method)), "__code__", None)
        line = f" ({Path(code.co_filename).name} line {code.co_firstlineno})" if code else ""
        return f"{self.name}.{method}{line}"


def same(one: Latents, other: Latents) -> bool:
    return torch.equal(one.point, other.point) and torch.equal(labels(one), labels(other))


def labels(latents: Latents) -> Tensor:
    """Its labels, or none at all."""
    return torch.empty(0) if latents.labels is None else latents.labels


def said(tensor: Any) -> str:
    """Its type and shape, for a fault's words."""
    return f"{str(tensor.dtype).removeprefix('torch.')} of {tuple(tensor.shape)}"
