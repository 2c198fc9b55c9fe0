"""A table: what is computed once, then shown as CSV, Markdown, LaTeX and HTML."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import pandas as pd

from benchmark.core.errors import BenchError

Kind = Literal["share", "difference", "ratio", "number", "count", "p", "seconds", "flag", "text"]
Better = Literal["high", "low", ""]

LOW, HIGH = "_low", "_high"  # what the ends of an interval are called, after its value


@dataclass(frozen=True)
class Column:
    """What a column means and how its values are printed, wherever they appear.

    words: a sentence for the reader. kind: decides the digits, see `benchmark.tables.text`. better:
    the end of the scale that is better, "" where neither is. label: its short name on a page or at
    an axis; the column's own name where it is empty. reference: what figures draw to read it
    against: 1/k, the share that guessing gives, or k, the number of directions. optional: a row may
    have no value because nobody asked for it; its cell is then empty, not "undefined". aside: of a
    metric, it stands in metrics.csv and not in the main table.
    """

    words: str
    kind: Kind = "share"
    better: Better = ""
    label: str = ""
    reference: Literal["1/k", "k", ""] = ""
    optional: bool = False
    aside: bool = False

    def __post_init__(self) -> None:
        for value, kinds in ((self.kind, Kind), (self.better, Better)):
            if value not in get_args(kinds):
                known = ", ".join(repr(kind) for kind in get_args(kinds))
                raise BenchError(f"a column cannot be {value!r}; there are {known}")


@dataclass(frozen=True)
class Table:
    """Numbers with the words that a reader needs beside them.

    name: the file's stem. title: its heading. frame: all digits, one column for each of `columns`;
    a cell that the data cannot answer holds None, and `notes` say why. The ends of an interval
    stand in columns NAME_low and NAME_high and are printed beside NAME. columns: what each column
    means; it may explain more columns than the frame has. introduction: a paragraph above the
    table. notes: sentences below it. simulated: bots gave the answers, so every file says so. bold:
    cells that stand out, as (row, column), rows counted from 0. undefined: why a cell holds None,
    likewise.

    In all words, `backticks` mark code. Raises ValueError where a column of the frame has no
    `Column`.
    """

    name: str
    title: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]
    notes: tuple[str, ...] = ()
    introduction: str = ""
    simulated: bool = False
    bold: Collection[tuple[int, str]] = ()
    undefined: Mapping[tuple[int, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unexplained = [str(name) for name in self.frame if name not in self.columns]
        if unexplained:
            raise ValueError(f"table {self.name} does not explain {', '.join(unexplained)}")

    @property
    def shown(self) -> list[str]:
        """The frame's columns without the ends of intervals, which stand beside their values."""
        names = [str(name) for name in self.frame]
        return [name for name in names if not is_end(name, names)]

    def has_interval(self, name: str) -> bool:
        """Whether both ends of an interval belong to this column."""
        return name + LOW in self.frame and name + HIGH in self.frame


def is_end(name: str, names: Collection[str]) -> bool:
    """Whether this column is an end of another one's interval."""
    value = name.removesuffix(LOW).removesuffix(HIGH)
    return value != name and {value, value + LOW, value + HIGH} <= set(names)
