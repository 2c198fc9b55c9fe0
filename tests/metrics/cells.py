"""Cells to measure, without any training."""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.generators.base import Generator
from benchmark.metrics.metric import Evidence
from benchmark.rca.protocol import Protocol

NOBODY_ASKED = pd.DataFrame({"k": [], "eps": [], "k_hat": [], "eps_hat": [], "rank": []})


def cell_of(
    generator: Generator,
    directions: Tensor | Shift,
    predictions: pd.DataFrame = NOBODY_ASKED,
    purposes: Callable[[str], torch.Generator] = stream,
    **terms: float,
) -> Evidence:
    """The evidence of these directions, a shift or (d, K) columns, on the generator as it is."""
    shift = directions if isinstance(directions, Shift) else FrozenLinear(directions)
    protocol = Protocol(k=shift.k, **terms)  # type: ignore[arg-type]
    return Evidence(generator, generator, shift, protocol, predictions, None, purposes)
