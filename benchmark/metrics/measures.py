"""The columns of all metrics, for cells and directions; all that is shown loops over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_args

from benchmark.core.errors import BenchError
from benchmark.core.names import COLUMN_RULE, is_column
from benchmark.metrics import METRICS, OF_DIRECTIONS
from benchmark.tables.table import Column, Kind, is_end

if TYPE_CHECKING:
    from benchmark.metrics.metric import Metric

# Columns that rows have without any metric: no metric may use these names.
TAKEN = (
    *("generator", "method", "seed", "config_hash", "k", "chance", "n", "seeds", "seconds"),
    *("passes", "backward"),
    *("status", *OF_DIRECTIONS),
)
TAKEN_START = ("seconds_", "passes_", "backward_")  # and the name of a phase


@dataclass(frozen=True)
class Measures:
    """The columns of all metrics, in their order.

    cell, direction: the columns of a cell and of a direction, by name. price: names of a cell's
    columns that say what a high RCA was bought with.
    """

    cell: Mapping[str, Column] = field(default_factory=dict)
    direction: Mapping[str, Column] = field(default_factory=dict)
    price: tuple[str, ...] = ()

    @property
    def of_rows(self) -> list[str]:
        """Names of a cell's columns without ends of intervals; replicates average these."""
        return [name for name in self.cell if not is_end(name, self.cell)]

    @property
    def of_main(self) -> list[str]:
        """Names of those that stand in the main table, in the order of `of_rows`."""
        return [name for name in self.of_rows if not self.cell[name].aside]

    @property
    def of_prices(self) -> list[str]:
        """Names of the price's columns, in the order of `of_rows`."""
        return [name for name in self.of_rows if name in self.price]

    @property
    def of_directions(self) -> list[str]:
        """Names of columns that directions can be sorted by; counts and words are left out."""
        return [
            name
            for name, column in self.direction.items()
            if not is_end(name, self.direction)
            and column.kind != "text"
            and (column.better or column.kind != "count")
        ]

    def label(self, name: str) -> str:
        """The name of a cell's column on a page or an axis."""
        return label(name, self.cell[name])


def label(name: str, column: Column) -> str:
    """The column's label, or its name in words where it has none."""
    return column.label or name.replace("_", " ")


def measures_of(metrics: Mapping[str, Metric]) -> Measures:
    """The columns of these metrics. Raises BenchError for a name that is taken or names none."""
    cell: dict[str, Column] = {}
    direction: dict[str, Column] = {}
    for name, metric in metrics.items():
        for known, columns in ((cell, metric.columns), (direction, metric.direction_columns)):
            taken = [column for column in columns if column in known]
            if name not in METRICS:
                if odd := [column for column in columns if not is_column(column)]:
                    raise BenchError(
                        f"the metric {name} calls a column {odd[0]!r}; its name is {COLUMN_RULE}"
                    )
                taken += [c for c in columns if c in TAKEN or c.startswith(TAKEN_START)]
            if taken:
                raise BenchError(
                    f"the metric {name} calls a column {taken[0]}, which is taken; rename it"
                )
            known.update(columns)
    price = tuple(
        column for metric in metrics.values() if metric.price for column in metric.columns
    )
    return Measures(cell, direction, price)


def pack(measures: Measures) -> dict[str, dict[str, Any]]:
    """The columns as JSON, for readers who do not have the metrics' code."""
    price = {name: {"price": True} for name in measures.price}
    return {
        "cell": {n: {**_said(column), **price.get(n, {})} for n, column in measures.cell.items()},
        "direction": {n: _said(column) for n, column in measures.direction.items()},
    }


def unpack(content: Mapping[str, Mapping[str, Any]]) -> Measures:
    """The columns that `pack` stored; those of this version's metrics come first, in its words."""
    own = measures_of(METRICS)
    stored = content.get("cell", {})
    cell = {name: _column(one) for name, one in stored.items()}
    direction = {name: _column(one) for name, one in content.get("direction", {}).items()}
    price = [name for name, one in stored.items() if one.get("price") and name not in own.cell]
    return Measures(
        {**own.cell, **cell, **own.cell},
        {**own.direction, **direction, **own.direction},
        (*own.price, *price),
    )


def _said(column: Column) -> dict[str, Any]:
    """The fields of a column that are not empty."""
    return {name: value for name, value in asdict(column).items() if value}


def _column(stored: Mapping[str, Any]) -> Column:
    """A stored column, as far as this version understands it."""
    known = {one.name for one in fields(Column)}
    column = {"words": "", **{name: v for name, v in stored.items() if name in known}}
    kind = column.get("kind")
    return Column(**{**column, "kind": kind if kind in get_args(Kind) else "number"})
