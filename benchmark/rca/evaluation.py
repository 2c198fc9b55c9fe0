"""Asking R: can it tell by which direction an image moved?

`predict` keeps the raw answers; everything else is computed from those, now or later, by
`benchmark.rca.correctness`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmark.core.failures import Failure, attempt
from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import QuestionStream, ShiftRange, Shifts

EVALUATION_BATCH = 100


@dataclass(frozen=True)
class Examined:
    """One method's part in the examination: its frozen shift, and each R that learned on it, in
    eval mode. All of them see the same images."""

    shift: Shift
    reconstructors: Sequence[nn.Module]


@torch.no_grad()
def predict(
    generator: Generator,
    examined: Sequence[Examined],
    protocol: Protocol,
    rng: torch.Generator,
) -> list[list[pd.DataFrame] | Failure]:
    """The answers to `protocol.evaluation` questions drawn from `rng`: for each of `examined` a
    table for each of its R's, or why there is none, which the others do not suffer from.

    A table has one row for a question. Columns: k and eps asked, k_hat and eps_hat answered, rank
    of the true k among R's logits (0 is first). All are asked the same z, k and eps, and G(z) is
    made once for all; the same `rng` state asks the same questions again.
    """
    if not examined:
        return []
    questions = ShiftRange(protocol.max_shift, protocol.min_shift)
    sheets: list[_Sheet | Failure] = [_Sheet(one) for one in examined]
    device = next(examined[0].reconstructors[0].parameters()).device
    whole, rest = divmod(protocol.evaluation, EVALUATION_BATCH)
    asked = QuestionStream(
        lambda n: questions.draw(generator, protocol.k, n, rng),
        [EVALUATION_BATCH] * whole + [rest] * (rest > 0),
        rng,
        device,
    )
    for shifts in asked:
        images = generator(shifts.latents)  # (n, C, H, W)
        for place, sheet in enumerate(sheets):
            if isinstance(sheet, _Sheet):
                failure = attempt(sheet.answer, generator, images, shifts)
                sheets[place] = sheet if failure is None else failure
    return [sheet if isinstance(sheet, Failure) else sheet.tables() for sheet in sheets]


class _Sheet:
    """The answers so far of one of the examined, which stay on the device until all are given."""

    def __init__(self, examined: Examined) -> None:
        self.reconstructors = examined.reconstructors
        device = next(self.reconstructors[0].parameters()).device
        self.shift = examined.shift.to(device)
        self.parts: list[list[Tensor]] = [[] for _ in self.reconstructors]

    def answer(self, generator: Generator, images: Tensor, shifts: Shifts) -> None:
        """Ask every R about a batch. images: G(z) (n, C, H, W) of its latents."""
        delta = self.shift(shifts.latents, shifts.k, shifts.eps)  # (n, d)
        shifted = generator(shifts.latents.moved(delta))  # (n, C, H, W)
        for reconstructor, parts in zip(self.reconstructors, self.parts, strict=True):
            logits, eps_hat = reconstructor(images, shifted)  # (n, K), (n,)
            parts.append(_packed(logits, eps_hat, shifts))

    def tables(self) -> list[pd.DataFrame]:
        return [_table(torch.cat(parts, dim=1)) for parts in self.parts]


def _packed(logits: Tensor, eps_hat: Tensor, shifts: Shifts) -> Tensor:
    """(5, n) int32: the answers to one batch, for one copy back. logits (n, K), eps_hat (n,)."""
    true_logit = logits.gather(1, shifts.k.unsqueeze(1))  # (n, 1)
    rank = (logits > true_logit).sum(dim=1)  # (n,)
    whole = [number.int() for number in (shifts.k, logits.argmax(dim=1), rank)]
    real = [number.float().view(torch.int32) for number in (shifts.eps, eps_hat)]  # their bits
    return torch.stack([*whole, *real])  # (5, n)


def _table(packed: Tensor) -> pd.DataFrame:
    """The answers to all batches, (5, N)."""
    answers = packed.cpu()
    k, k_hat, rank = answers[:3].numpy().astype(np.int16)  # (N,) each
    eps, eps_hat = answers[3:].view(torch.float32).numpy()  # (N,) each
    return pd.DataFrame({"k": k, "eps": eps, "k_hat": k_hat, "eps_hat": eps_hat, "rank": rank})
