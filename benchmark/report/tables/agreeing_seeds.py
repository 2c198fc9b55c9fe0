"""seed_agreement.csv, .md and .tex: do the seeds of a method find the same directions?"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.shift import Linear, Shift
from benchmark.generators.base import Generator, Latents
from benchmark.metrics.seed_agreement import matched_cosine, mean_angle
from benchmark.report.words import PLACE
from benchmark.runs.opening import Painters
from benchmark.runs.replicates import Replicates
from benchmark.tables.table import Column, Table
from benchmark.tables.writing import remove_table, without_nan, write_table

NAME = "seed_agreement"
LATENTS = 64  # at which the tangents of bent shifts are averaged, the same for all seeds
COLUMNS = {
    **PLACE,
    "cosine": Column(
        "Mean |cos| between the directions of two seeds, matched one to one the best way there is; "
        "the mean over all pairs of seeds. 1 if every seed finds the same.",
        better="high",
    ),
    "cosine_least": Column("Of the pair of seeds that agree least.", better="high"),
    "angle": Column(
        "Mean principal angle, in degrees, between the spaces that the directions of two seeds "
        "span; the mean over all pairs. 0 is the same space, whatever its directions. Empty where "
        "the directions fill the whole space.",
        kind="number",
        better="low",
        optional=True,
    ),
    "seeds": Column("How many runs are compared, each with each.", "count"),
    "k": Column("How many directions each has.", "number"),
}
INTRODUCTION = (
    "Do two seeds of a method find the same directions? Compare with `random`, which says what "
    "chance alone gives for the same number of directions in the same space. Of a shift that bends "
    "the tangents at the same latents are compared."
)


def write_agreement(rows: Sequence[Replicates], painters: Painters, run: Path) -> Table | None:
    """Write the files where a row has two done seeds or more; without any, take old ones away."""
    table = agreement_table(rows, painters)
    if table is None:
        remove_table(NAME, run)
    else:
        write_table(table, run)
    return table


def agreement_table(rows: Sequence[Replicates], painters: Painters) -> Table | None:
    """One row per generator and method with two done seeds or more; None where there is none.

    painters: generators, whose latents a bent shift needs. A row whose directions cannot be read,
    or whose generator is not at hand for them, is left out, and a note says so.
    """
    lines: list[dict[str, Any]] = []
    notes = []
    for r in rows:
        if len(r.done) < 2:
            continue
        try:
            generator = painters.get((r.generator, r.method))
            found = [_tangents(c.directions().shift, generator, r.generator) for c in r.done]
        except BenchError as error:
            notes.append(f"Left out is {r.method} on {r.generator}: {error}.")
            continue
        lines.append({"generator": r.generator, "method": r.method, **agreement(found), "k": r.k})
    if not lines:
        return None
    frame = without_nan(pd.DataFrame(lines)[list(COLUMNS)])
    title = "Agreement of seeds"
    return Table(NAME, title, frame, COLUMNS, tuple(notes), introduction=INTRODUCTION)


def agreement(matrices: Sequence[np.ndarray]) -> dict[str, Any]:
    """The figures of one row, from the (d, K) directions of two seeds or more."""
    pairs = list(combinations(matrices, 2))
    cosines = [matched_cosine(a, b) for a, b in pairs]
    angles = [mean_angle(a, b) for a, b in pairs]
    return {
        "cosine": float(np.mean(cosines)),
        "cosine_least": min(cosines),
        "angle": float(np.mean(angles)),
        "seeds": len(matrices),
    }


@torch.no_grad()
def _tangents(shift: Shift, generator: Generator | None, name: str) -> np.ndarray:
    """(d, K) columns. Raises BenchError where a bent shift has no latents to be looked at."""
    if isinstance(shift, Linear):
        latents = Latents(torch.zeros(1, shift.latent_dim))  # (1, d); a linear one needs none
    elif generator is not None:
        latents = generator.sample(LATENTS, stream(name, "seed agreement"))
    else:
        raise BenchError("its shift bends, and its generator is not at hand here")
    return shift.tangents(latents).double().numpy()
