"""Reconstructor classification accuracy: can R tell by which direction an image moved?

`predict` asks R and keeps its raw answers; everything else is computed from those, now or later.
Chance is 1/K.
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
from benchmark.stats.intervals import wilson

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


@dataclass(frozen=True)
class Accuracy:
    """rca in [0, 1] with its 95% Wilson interval; top5 in [0, 1]; shift_error: mean |eps - eps_hat|
    in units of eps."""

    rca: float
    low: float
    high: float
    top5: float
    shift_error: float
    n: int


def summarise(predictions: pd.DataFrame) -> Accuracy:
    """The accuracy of one set of answers."""
    right = predictions["k"] == predictions["k_hat"]
    low, high = wilson(int(right.sum()), len(right))
    return Accuracy(
        rca=float(right.mean()),
        low=float(low),
        high=float(high),
        top5=float((predictions["rank"] < 5).mean()),
        shift_error=float((predictions["eps"] - predictions["eps_hat"]).abs().mean()),
        n=len(predictions),
    )


def per_direction(predictions: pd.DataFrame, n_directions: int) -> pd.DataFrame:
    """One row per direction: k, n asked, accuracy (NaN if never asked), 95% Wilson low and high."""
    right = (predictions["k"] == predictions["k_hat"]).groupby(predictions["k"])
    counts = right.agg(["size", "sum"]).reindex(range(n_directions), fill_value=0)
    return _with_interval(counts.rename_axis("k").reset_index())


def by_shift(predictions: pd.DataFrame, max_shift: float, n_bins: int = 12) -> pd.DataFrame:
    """One row per bin of |eps|: its middle as abs_eps, n, accuracy, 95% Wilson low and high."""
    edges = np.linspace(0.0, max_shift, n_bins + 1)
    place = np.digitize(predictions["eps"].abs(), edges[1:-1])
    right = (predictions["k"] == predictions["k_hat"]).groupby(place)
    counts = right.agg(["size", "sum"]).reindex(range(n_bins), fill_value=0)
    counts = counts.reset_index(drop=True)
    counts.insert(0, "abs_eps", (edges[:-1] + edges[1:]) / 2)
    return _with_interval(counts)


def confusion(predictions: pd.DataFrame, n_directions: int) -> np.ndarray:
    """(K, K) counts: row k asked, column k answered."""
    cells = predictions["k"].to_numpy(np.int64) * n_directions + predictions["k_hat"].to_numpy()
    counts = np.bincount(cells, minlength=n_directions**2)
    return counts.reshape(n_directions, n_directions)


def _with_interval(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns size and sum into n, accuracy, low and high."""
    n, right = counts["size"].to_numpy(), counts["sum"].to_numpy(np.int64)
    low, high = wilson(right, n)
    accuracy = np.divide(right, n, out=np.full(len(n), np.nan), where=n > 0)
    return counts.drop(columns=["size", "sum"]).assign(n=n, accuracy=accuracy, low=low, high=high)
