"""What a metric is: columns of the tables, and how their figures follow from a trained cell."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

import pandas as pd
import torch

from benchmark.core.errors import BenchError, one_line
from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator, Latents
from benchmark.rca.protocol import Protocol
from benchmark.tables.table import Column


@dataclass(frozen=True)
class Evidence:
    """What a metric may look at: a cell after its training.

    original: the generator as it was loaded. generator: the same, prepared for speed, on `device`.
    shift: the frozen directions, there too. predictions: the fresh R's answers, as
    `benchmark.rca.evaluation.predict` gives them; joint_predictions: those of the R that learned
    together with the directions, or None. stream: gives the random stream of a purpose, the same
    one for every method of the generator.
    """

    original: Generator
    generator: Generator
    shift: Shift
    protocol: Protocol
    predictions: pd.DataFrame
    joint_predictions: pd.DataFrame | None
    stream: Callable[[str], torch.Generator]
    device: str = "cpu"

    def sample(self, n: int, purpose: str) -> Latents:
        """n latents on the generator's device, the same for every method."""
        return self.generator.sample(n, self.stream(purpose)).to(self.device)


class Metric(ABC):
    """Base of all metrics.

    columns: its figures of a cell, by name; tables, words, figures and pages show them. The ends of
    a column's interval are called NAME_low and NAME_high. direction_columns: its figures of each
    direction, likewise. price: whether the columns of a cell say what a high RCA was bought with,
    so that figures and cards show them beside it. images: how many it makes of each direction,
    which the estimate of a run's time counts.
    """

    code: str = ""  # the identity of the code, where it is not the suite's own
    columns: ClassVar[Mapping[str, Column]]
    direction_columns: ClassVar[Mapping[str, Column]] = {}
    price: ClassVar[bool] = True
    images: ClassVar[int] = 0

    def applies(self, cell: Evidence) -> bool:
        """Whether the metric can be computed for this cell; if not, its columns stay empty."""
        return True

    def by_direction(self, cell: Evidence) -> pd.DataFrame:
        """One row per direction, with `direction_columns`."""
        return pd.DataFrame(index=range(cell.shift.k))

    @abstractmethod
    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        """The figures of the cell, for `columns`. table: the result of `by_direction`."""


def mark(name: str, metric: Metric) -> str:
    """What a result keeps of a metric that judged it: its name, and of a user's also which code."""
    return " ".join(filter(None, [name, metric.code[:10]]))


def measure(metrics: Mapping[str, Metric], cell: Evidence) -> dict[str, Any]:
    """The metrics of a cell: figures by column, and `by_direction`, which maps columns to lists.

    Raises BenchError, which names the metric, for one that fails or gives other columns, or other
    numbers of directions, than it announces.
    """
    figures: dict[str, Any] = {}
    by_direction: dict[str, list[Any]] = {}
    for name, metric in metrics.items():
        try:
            if metric.applies(cell):
                found, lists = _figures(metric, cell)
                figures |= found
                by_direction |= lists
        except Exception as error:  # a metric of anyone's may raise anything
            words = one_line(error)
            raise BenchError(f"the metric {name} failed: {words}") from error
    return {**figures, "by_direction": by_direction}


def _figures(metric: Metric, cell: Evidence) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """One metric's figures of the cell and of its directions, by column."""
    table = metric.by_direction(cell)
    found = metric.of_cell(cell, table)
    if found.keys() != metric.columns.keys():
        raise BenchError(f"it gave {list(found)}, not {list(metric.columns)}")
    columns = list(metric.direction_columns)
    if len(table) != cell.shift.k or not {*columns} <= {*table.columns}:
        raise BenchError(
            f"it gave {len(table)} rows of {list(table.columns)}, not {cell.shift.k} of {columns}"
        )
    figures = {column: _known(value) for column, value in found.items()}
    return figures, {column: [_known(v) for v in table[column].tolist()] for column in columns}


def _known(value: Any) -> int | float | None:
    """The figure for JSON, of numpy or torch too: None where there is none, or not a finite one."""
    plain: int | float | None = value.item() if hasattr(value, "item") else value
    return plain if plain is not None and isfinite(plain) else None
