"""The only place that draws what R has to explain: latents z, directions k, shifts eps."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from benchmark.generators.base import Generator, Latents

BLOCK = 32  # batches that are drawn together for a card


@dataclass(frozen=True)
class Shifts:
    """n questions to R. latents: z (n, d). k: (n,) int64 in [0, K). eps: (n,) float32."""

    latents: Latents
    k: Tensor
    eps: Tensor

    def to(self, device: torch.device | str) -> "Shifts":
        return Shifts(self.latents.to(device), self.k.to(device), self.eps.to(device))

    def tensors(self) -> list[Tensor]:
        """All that differs from batch to batch, in one order."""
        latents = self.latents
        drawn = (latents.point, latents.labels, latents.unmoved, self.k, self.eps)
        return [tensor for tensor in drawn if tensor is not None]


@dataclass(frozen=True)
class ShiftRange:
    """eps ~ U[-max_shift, max_shift]; |eps| below min_shift is raised to it, the sign kept.

    Voynov & Babenko (2020), section 3, draw from U[-6, 6]; their code raises to 0.5.
    """

    max_shift: float
    min_shift: float

    def draw(self, generator: Generator, n_directions: int, n: int, rng: torch.Generator) -> Shifts:
        """n triples (z, k, eps), k uniform over `n_directions`.

        k comes from a uniform number, so streams with the same seed hold the same z and eps
        whatever the number of directions.
        """
        latents = generator.sample(n, rng)  # z (n, d)
        place = torch.rand(n, generator=rng, dtype=torch.float64)  # (n,) in [0, 1)
        k = (place * n_directions).long()  # (n,)
        eps = (2.0 * torch.rand(n, generator=rng) - 1.0) * self.max_shift  # (n,)
        least = torch.where(eps < 0, -self.min_shift, self.min_shift)  # (n,)
        return Shifts(latents, k, torch.where(eps.abs() < self.min_shift, least, eps))


class QuestionStream(Iterator[Shifts]):
    """Batches of questions from one stream, on the device where they are answered.

    draw: gives a batch of so many from `rng`. sizes: of the batches, in order. block: how many are
    drawn together, and copied together; None: BLOCK for a card, which should not stop at each batch
    until that is drawn, and 1 elsewhere. A batch is the same in any block, as each is drawn by
    itself, on the CPU.
    """

    def __init__(
        self,
        draw: Callable[[int], Shifts],
        sizes: Iterable[int],
        rng: torch.Generator,
        device: torch.device | str,
        block: int | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.state = rng.get_state()  # of the stream behind the last batch taken, not drawn
        self._draw, self._sizes, self._rng = draw, iter(sizes), rng
        self._block = block or (BLOCK if self.device.type == "cuda" else 1)
        self._ready: deque[tuple[Shifts, Tensor]] = deque()

    def __next__(self) -> Shifts:
        if not self._ready:
            sizes = islice(self._sizes, self._block)
            drawn = [(self._draw(n), self._rng.get_state()) for n in sizes]
            there = carried([shifts for shifts, _ in drawn], self.device)
            self._ready.extend(zip(there, (state for _, state in drawn), strict=True))
        if not self._ready:
            raise StopIteration
        shifts, self.state = self._ready.popleft()
        return shifts


def carried(batches: Sequence[Shifts], device: torch.device) -> list[Shifts]:
    """The batches on the device. Several go there packed, each kind of number in one copy, for
    which the CPU does not wait where it goes to a card."""
    if len(batches) < 2:
        return [batch.to(device) for batch in batches]
    sizes = [len(batch.k) for batch in batches]

    def sent(parts: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return parts  # of all batches, or of none
        packed = torch.cat(known)  # (all n, ...)
        if device.type == "cuda" and packed.device.type == "cpu":
            packed = packed.pin_memory()
        there = packed.to(device, non_blocking=True).split(sizes)
        # where in memory numbers lie may decide over last bits: no batch lies amid another's
        return [part.clone() for part in there]

    latents = [batch.latents for batch in batches]
    ruler = None if latents[0].ruler is None else latents[0].ruler.to(device)
    points = sent([one.point for one in latents])
    labels = sent([one.labels for one in latents])
    unmoved = sent([one.unmoved for one in latents])
    k, eps = sent([batch.k for batch in batches]), sent([batch.eps for batch in batches])
    return [
        Shifts(replace(one, point=p, labels=c, ruler=ruler, unmoved=u), i, e)
        for one, p, c, u, i, e in zip(latents, points, labels, unmoved, k, eps, strict=True)
    ]
