"""How latents and classes are drawn: the prior that a GAN was trained with."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, exp, inf, isfinite, pi, sqrt
from typing import Self

import torch
from torch import Tensor

from benchmark.core.errors import BenchError, one_line, unknown

KINDS = {"normal": 0, "uniform": 2, "truncated": 1}  # and how many numbers each takes


@dataclass(frozen=True)
class Prior:
    """The distribution of every coordinate of z: made by `normal`, `uniform` or `truncated`.

    low, high: no coordinate lies outside.
    """

    kind: str = "normal"
    low: float = -inf
    high: float = inf

    @classmethod
    def normal(cls) -> Self:
        """N(0, 1)."""
        return cls()

    @classmethod
    def uniform(cls, low: float, high: float) -> Self:
        """U(low, high), whose standard deviation is (high - low) / sqrt(12): 0.577 for U(-1, 1).

        Raises BenchError unless low < high, both finite.
        """
        if not (isfinite(low) and isfinite(high) and low < high):
            raise BenchError(f"a uniform prior lies between two numbers, not {low} and {high}")
        return cls("uniform", float(low), float(high))

    @classmethod
    def truncated(cls, bound: float) -> Self:
        """N(0, 1) among those values that lie in [-bound, bound].

        The truncation trick of Brock et al. (ICLR 2019), section 3.1, without drawing again: each z
        becomes the value of the same quantile, so one seed gives latents that go together whatever
        the bound. Raises BenchError unless bound > 0.
        """
        if not bound > 0:
            raise BenchError(f"truncation must be above 0, not {bound}")
        return cls("truncated", -float(bound), float(bound))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The prior that `normal`, `uniform:-1:1` or `truncated:2` names; raises BenchError."""
        kind, *given = text.split(":")
        if kind not in KINDS:
            raise unknown("prior", kind, KINDS)
        try:
            numbers = [float(number) for number in given]
            if len(numbers) != KINDS[kind]:
                raise ValueError(f"{kind} takes {KINDS[kind]} numbers")
        except ValueError as error:
            raise BenchError(
                f"a prior is normal, uniform:-1:1 or truncated:2, not {text!r}: {one_line(error)}"
            ) from error
        return getattr(cls, kind)(*numbers)

    @property
    def centred(self) -> bool:
        """Whether the mean of a coordinate is 0."""
        return self.low == -self.high

    @property
    def deviation(self) -> float:
        """The standard deviation of a coordinate."""
        if self.kind == "uniform":
            return (self.high - self.low) / 12**0.5
        if self.kind == "normal":
            return 1.0
        density = exp(-(self.high**2) / 2) / sqrt(2 * pi)
        return sqrt(1.0 - 2.0 * self.high * density / erf(self.high / sqrt(2)))

    def draw(self, n: int, d: int, rng: torch.Generator) -> Tensor:
        """z (n, d) in torch's default type, on the CPU, so that a seed gives the same everywhere.

        All of it comes from one call of torch's generator, n * d numbers.
        """
        if self.kind == "uniform":
            share = torch.rand(n, d, generator=rng)  # (n, d) in [0, 1)
            return share * (self.high - self.low) + self.low
        z = torch.randn(n, d, generator=rng)  # (n, d)
        if self.kind == "normal":
            return z
        edge = torch.special.ndtr(torch.tensor(self.high, dtype=torch.float64))
        inside = 1.0 - edge + torch.special.ndtr(z.double()) * (2.0 * edge - 1.0)
        return torch.special.ndtri(inside).clamp(self.low, self.high).to(z.dtype)  # (n, d)


def draw_classes(classes: Sequence[int], n: int, rng: torch.Generator) -> Tensor:
    """(n,) int64, uniform over `classes`, on the CPU."""
    place = torch.rand(n, generator=rng, dtype=torch.float64) * len(classes)  # (n,)
    return torch.tensor(classes)[place.long()]


def chosen_classes(given: tuple[int, ...] | None, count: int) -> tuple[int, ...]:
    """The classes to draw from, all where none are given. Raises BenchError for others."""
    if given is None:
        return tuple(range(count))
    if not count:
        raise BenchError("this generator has no classes to choose from; leave them out")
    wrong = [k for k in given if type(k) is not int or not 0 <= k < count]
    if wrong or not given:
        raise BenchError(f"classes are whole numbers from 0 to {count - 1}, not {wrong or 'none'}")
    return given
