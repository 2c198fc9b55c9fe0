"""Variation predictability: how soon does R learn to tell the directions apart? (Zhu et al., ECCV
2020.) Directions that change one thing each are learned from few examples.

It trains two R's, so it is computed only where it is asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import pandas as pd
import torch
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.rca.questions import ShiftRange, Shifts
from benchmark.rca.reconstructor import Reconstructor
from benchmark.rca.training import losses, new_reconstructor
from benchmark.tables.table import Column

PAIRS = 10_000
MOST = PAIRS // 10  # to learn from; both R's are judged on all others
SHARES = {"vp_1": PAIRS // 100, "vp_10": MOST}
STEPS, BATCH = 500, 32  # of each R
AT_ONCE = 100  # pairs that are made together


class VariationPredictability(Metric):
    """The accuracy of an R that learned from 1% or 10% of the pairs; trains two small R's."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "vp_1": Column(
            f"Variation predictability: the accuracy of an R that saw only 1% of {PAIRS:,} pairs, "
            f"in {STEPS} steps, on those 90% that no R saw; the same pairs and steps for every "
            "method.",
            better="high",
            label="VP, 1%",
            reference="1/k",
            aside=True,
        ),
        "vp_10": Column(
            "The same after 10% of the pairs.",
            better="high",
            label="VP, 10%",
            reference="1/k",
            aside=True,
        ),
    }
    # The pairs, and what two trainings of R cost beside making an image.
    more_images: ClassVar[int] = 2 * PAIRS + 2 * STEPS * BATCH

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        few = replace(cell.protocol, steps=STEPS)
        questions = ShiftRange(few.max_shift, few.min_shift)
        shifts = questions.draw(cell.original, few.k, PAIRS, cell.stream("vp"))
        pairs = _pairs(cell, shifts)
        seen = [next(pairs) for _ in range(MOST // AT_ONCE)]
        images, shifted = (torch.cat(part) for part in zip(*seen, strict=True))  # (MOST, C, H, W)
        taught = []
        for n in SHARES.values():
            seed = cell.stream("vp R").initial_seed()
            network = new_reconstructor(few, cell.generator.image_shape, seed).to(cell.device)
            optimiser = torch.optim.Adam(network.parameters(), lr=few.lr)
            for step, rows in enumerate(batches(n, cell.stream("vp batches"))):
                for group in optimiser.param_groups:
                    group["lr"] = few.lr * few.rate_factor(step)
                asked = _rows(shifts, rows).to(cell.device)
                there = rows.to(cell.device)
                loss = losses(network, images[there], shifted[there], asked, few).total
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
            taught.append(network.eval())
        right = _right(taught, pairs, shifts.k[MOST:])
        return dict(zip(SHARES, right, strict=True))


def batches(n: int, rng: torch.Generator) -> Iterator[Tensor]:
    """STEPS batches of rows below n, (BATCH,) each: every row once before any twice."""
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(STEPS):
        while len(order) < BATCH:
            order = torch.cat([order, torch.randperm(n, generator=rng)])
        yield order[:BATCH]
        order = order[BATCH:]


def _rows(shifts: Shifts, rows: Tensor | slice) -> Shifts:
    return Shifts(shifts.latents[rows], shifts.k[rows], shifts.eps[rows])


@torch.no_grad()
def _pairs(cell: Evidence, shifts: Shifts) -> Iterator[tuple[Tensor, Tensor]]:
    """Images and shifted images, (AT_ONCE, C, H, W) each, of all questions in their order."""
    for first in range(0, PAIRS, AT_ONCE):
        part = _rows(shifts, slice(first, first + AT_ONCE)).to(cell.device)
        delta = cell.shift(part.latents, part.k, part.eps)  # (n, d)
        yield cell.generator(part.latents), cell.generator(part.latents.moved(delta))


@torch.no_grad()
def _right(
    networks: list[Reconstructor], pairs: Iterator[tuple[Tensor, Tensor]], k: Tensor
) -> list[float]:
    """The share of the remaining pairs that each network names right. k: (n,) their directions."""
    named: list[list[Tensor]] = [[] for _ in networks]
    for images, shifted in pairs:
        for network, found in zip(networks, named, strict=True):
            logits, _ = network(images, shifted)  # (AT_ONCE, K)
            found.append(logits.argmax(dim=1).cpu())
    return [float((torch.cat(found) == k).double().mean()) for found in named]
