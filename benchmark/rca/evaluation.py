"""Reconstructor classification accuracy: can R tell by which direction an image moved?

`predict` asks R and keeps its raw answers; everything else is computed from those, now or later.
Chance is 1/K.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from benchmark.stats.intervals import wilson

EVALUATION_BATCH = 100


@torch.no_grad()
def predict(
    generator: Generator,
    shift: Shift,
    reconstructor: nn.Module,
    protocol: Protocol,
    rng: torch.Generator,
) -> pd.DataFrame:
    """R's answers to `protocol.evaluation` questions drawn from `rng`, one per row.

    Columns: k and eps asked, k_hat and eps_hat answered, rank of the true k among R's logits
    (0 is first). R must be in eval mode; the same `rng` state asks every method the same z and eps.
    """
    questions = ShiftRange(protocol.max_shift, protocol.min_shift)
    device = next(reconstructor.parameters()).device
    shift = shift.to(device)
    parts = []
    for first in range(0, protocol.evaluation, EVALUATION_BATCH):
        n = min(EVALUATION_BATCH, protocol.evaluation - first)
        shifts = questions.draw(generator, protocol.k, n, rng).to(device)
        delta = shift(shifts.latents, shifts.k, shifts.eps)  # (n, d)
        images = generator(shifts.latents)  # (n, C, H, W)
        shifted = generator(shifts.latents.moved(delta))  # (n, C, H, W)
        logits, eps_hat = reconstructor(images, shifted)  # (n, K), (n,)
        true_logit = logits.gather(1, shifts.k.unsqueeze(1))  # (n, 1)
        parts.append(
            {
                "k": shifts.k.cpu().numpy().astype(np.int16),
                "eps": shifts.eps.cpu().numpy(),
                "k_hat": logits.argmax(dim=1).cpu().numpy().astype(np.int16),
                "eps_hat": eps_hat.cpu().numpy(),
                "rank": (logits > true_logit).sum(dim=1).cpu().numpy().astype(np.int16),
            }
        )
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


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
