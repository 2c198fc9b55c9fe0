"""From results to a table: an estimate fills three columns, an undefined one becomes a note."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.tables.table import Column, Table

SIMULATED = "Simulated annotators gave these answers; they say nothing about what people see."
NO_VALUE, NO_INTERVAL = ("is undefined", "are undefined"), ("has no interval", "have no interval")
LISTED = 3  # a note names up to this many rows, else it gives their number


def tabulate(
    name: str,
    title: str,
    columns: Mapping[str, Column],
    rows: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    notes: Iterable[str] = (),
    simulated: bool = False,
) -> Table:
    """A table of exactly these columns; a number that is not finite is undefined, by a note.

    rows: by column, an Estimate, an Undefined or a plain value; the ends of an estimate's interval
    go to the columns NAME_low and NAME_high where there are such. key: the columns that tell rows
    apart, for the notes. simulated: bots gave the answers; the title and the first note say so.
    """
    rows = [{name: _answer(value) for name, value in row.items()} for row in rows]
    cells = [_plain(row) for row in rows]
    frame = pd.DataFrame({name: _column([row.get(name) for row in cells]) for name in columns})
    reasons = _reasons(rows, key)
    if simulated:
        title = f"Simulated: {title}"
    every = [*([SIMULATED] if simulated else []), *notes, *reasons]
    why = {
        (number, column): value.reason
        for number, row in enumerate(rows)
        for column, value in row.items()
        if isinstance(value, Undefined)
    }
    return Table(
        name, title, frame, dict(columns), tuple(every), simulated=simulated, undefined=why
    )


def _answer(value: Any) -> Any:
    """The value; NaN and infinity, which answer nothing, as undefined."""
    bad = isinstance(value, float | np.floating) and not np.isfinite(value)
    return Undefined("it is no finite number") if bad else value


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with numbers in place of results."""
    plain: dict[str, Any] = {}
    for column, value in row.items():
        if isinstance(value, Estimate):
            plain[column] = value.value
            if isinstance(value.interval, Interval):
                plain[f"{column}_low"] = value.interval.low
                plain[f"{column}_high"] = value.interval.high
        elif not isinstance(value, Undefined):
            plain[column] = value.item() if isinstance(value, np.generic) else value
    return plain


def _column(values: list[Any]) -> "pd.Series[Any]":
    """Of the values' own type; of objects where one is missing, since NaN is no answer."""
    column = pd.Series(values, dtype=object)
    return column if any(value is None for value in values) else column.infer_objects()


def _reasons(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[str]:
    """One sentence for each reason, with the columns and rows that it holds for."""
    places: dict[tuple[tuple[str, str], str, str], list[str]] = {}
    for row in rows:
        where = " ".join(str(row[column]) for column in key)
        for column, value in row.items():
            if isinstance(value, Undefined):
                places.setdefault((NO_VALUE, value.reason, column), []).append(where)
            elif isinstance(value, Estimate) and isinstance(value.interval, Undefined):
                places.setdefault((NO_INTERVAL, value.interval.reason, column), []).append(where)
    columns: dict[tuple[tuple[str, str], str, str], list[str]] = {}
    for (what, reason, column), where_all in places.items():
        columns.setdefault((what, reason, _listed(where_all, len(rows))), []).append(column)
    return [
        f"{_joined(names)} {one if len(names) == 1 else several} for {where}: {reason}."
        for ((one, several), reason, where), names in columns.items()
    ]


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _listed(places: Sequence[str], rows: int) -> str:
    if len(places) <= LISTED:
        return "; ".join(places)
    return "every row" if len(places) == rows else f"{len(places)} of {rows} rows"
