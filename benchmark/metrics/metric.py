"""What a metric is: columns of the tables, and how their figures follow from a trained cell."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

import pandas as pd
import torch

from benchmark.core.errors import BenchError, one_line
from benchmark.core.names import COLUMN_RULE, is_column
from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator, Latents
from benchmark.metrics import OF_DIRECTIONS
from benchmark.metrics.walk import LATENTS, STREAM, Walk, walk_images, walks
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
    direction, likewise; one of kind `text` holds words. price: whether the columns of a cell say
    what a high RCA was bought with, so that figures and cards show them beside it.

    walks: whether it looks at images of the same latents along each direction. They are made once
    for all such metrics, one direction at a time; `along` then takes the place of `by_direction`.
    images: how many others it makes of each direction, more_images: and how many whatever the
    number of directions; the estimate of a run's time counts them all.
    """

    code: str = ""  # the identity of the code, where it is not the suite's own
    columns: ClassVar[Mapping[str, Column]]
    direction_columns: ClassVar[Mapping[str, Column]] = {}
    price: ClassVar[bool] = True
    walks: ClassVar[bool] = False
    images: ClassVar[int] = 0
    more_images: ClassVar[int] = 0

    def applies(self, cell: Evidence) -> bool:
        """Whether the metric can be computed for this cell; if not, its columns stay empty."""
        return True

    def along(self, cell: Evidence, walk: Walk) -> Mapping[str, Any]:
        """The row of one direction, with `direction_columns` and whatever else `of_cell` needs."""
        raise NotImplementedError(f"{type(self).__name__} walks, but has no along()")

    def by_direction(self, cell: Evidence) -> pd.DataFrame:
        """One row per direction, with `direction_columns`."""
        return pd.DataFrame(index=range(cell.shift.k))

    @abstractmethod
    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        """The figures of the cell, for `columns`. table: the rows of all directions."""

    def matrices(self, cell: Evidence, table: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
        """Tables of numbers with one row per direction whose columns depend on the cell, by name;
        stored, and shown by nobody who does not know the name."""
        return {}


def images_of(metrics: Mapping[str, Metric], k: int) -> int:
    """How many images these metrics make of a cell of k directions."""
    own = sum(metric.images * k + metric.more_images for metric in metrics.values())
    return own + walk_images(k) * any(metric.walks for metric in metrics.values())


def mark(name: str, metric: Metric) -> str:
    """What a result keeps of a metric that judged it: its name, and of a user's also which code."""
    return " ".join(filter(None, [name, metric.code[:10]]))


def measure(metrics: Mapping[str, Metric], cell: Evidence) -> dict[str, Any]:
    """The metrics of a cell: figures by column, and what is known of its directions, which maps
    columns to lists of K: numbers `by_direction` and, where there are any, `words` and `matrices`.

    Raises BenchError, which names the metric, for one that fails or gives other columns, or other
    numbers of directions, than it announces.
    """
    asked = {}
    for name, metric in metrics.items():
        with _named(name):
            if metric.applies(cell):
                asked[name] = metric
    rows = _rows({name: metric for name, metric in asked.items() if metric.walks}, cell)
    found: dict[str, Any] = {}
    of_directions: dict[str, dict[str, Any]] = {key: {} for key in OF_DIRECTIONS}
    for name, metric in asked.items():
        with _named(name):
            table = pd.DataFrame(rows[name]) if metric.walks else metric.by_direction(cell)
            found |= _figures(metric, cell, table)
            for column, said in metric.direction_columns.items():
                key = "words" if said.kind == "text" else "by_direction"
                of_directions[key][column] = [_known(v, said.kind) for v in table[column].tolist()]
            for title, matrix in metric.matrices(cell, table).items():
                of_directions["matrices"][title] = _columns(title, matrix, cell.shift.k)
    kept = {key: one for key, one in of_directions.items() if one or key == "by_direction"}
    return {**found, **kept}


def _rows(walkers: Mapping[str, Metric], cell: Evidence) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each walking metric, direction by direction."""
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in walkers}
    if walkers:
        latents = cell.sample(LATENTS, STREAM)
        for walk in walks(cell.generator, cell.shift, cell.protocol.max_shift, latents):
            for name, metric in walkers.items():
                with _named(name):
                    rows[name].append(metric.along(cell, walk))
    return rows


def _figures(metric: Metric, cell: Evidence, table: pd.DataFrame) -> dict[str, Any]:
    """One metric's figures of the cell, by column; checks the rows of its directions too."""
    found = metric.of_cell(cell, table)
    if found.keys() != metric.columns.keys():
        raise BenchError(f"it gave {list(found)}, not {list(metric.columns)}")
    columns = list(metric.direction_columns)
    if len(table) != cell.shift.k or not {*columns} <= {*table.columns}:
        raise BenchError(
            f"it gave {len(table)} rows of {list(table.columns)}, not {cell.shift.k} of {columns}"
        )
    return {column: _known(value) for column, value in found.items()}


def _columns(title: str, matrix: pd.DataFrame, k: int) -> dict[str, list[Any]]:
    """The columns of a matrix as lists of k, by name. Raises BenchError where it has other rows, or
    names that a run cannot store."""
    if len(matrix) != k:
        raise BenchError(f"its matrix {title} has {len(matrix)} rows, not {k}")
    for name in (title, *map(str, matrix)):
        if not is_column(name):
            raise BenchError(f"it calls a matrix, or a column of one, {name!r}; not {COLUMN_RULE}")
    return {str(column): [_known(v) for v in matrix[column].tolist()] for column in matrix}


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Says which metric failed. Raises BenchError."""
    try:
        yield
    except Exception as error:  # a metric of anyone's may raise anything
        raise BenchError(f"the metric {name} failed: {one_line(error)}") from error


def _known(value: Any, kind: str = "number") -> int | float | str | None:
    """The value for JSON, of numpy or torch too: None where there is none, or no finite number. A
    truth is 1 or 0, and what stands in a column of words is a word."""
    plain: Any = value.item() if hasattr(value, "item") else value
    if kind == "text":
        return None if pd.isna(plain) else str(plain)
    known: int | float | None = plain if plain is not None and isfinite(plain) else None
    return int(known) if isinstance(known, bool) else known
