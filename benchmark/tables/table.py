"""A table: what is computed once, then shown as CSV, Markdown, LaTeX and HTML."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["share", "difference", "ratio", "number", "count", "p", "seconds", "flag", "text"]

LOW, HIGH = "_low", "_high"  # what the ends of an interval are called, after its value


@dataclass(frozen=True)
class Column:
    """What a column means and how its values are printed, wherever they are.

    words: a sentence for the reader. kind: decides the digits, see `benchmark.tables.text`. better:
    the end of the scale that is better, "" where neither is. label: its short name on a page or at
    an axis; the column's own name where it is empty. reference: what figures draw to read it
    against: 1/k, the share that guessing gives, or k, the number of directions.
    """

    words: str
    kind: Kind = "share"
    better: Literal["high", "low", ""] = ""
    label: str = ""
    reference: Literal["1/k", "k", ""] = ""


@dataclass(frozen=True)
class Table:
    """Numbers with the words that a reader needs beside them.

    name: the file's stem. title: its heading. frame: all digits; a cell that the data cannot
    answer holds None, and `notes` say why. columns: what each column means, by its name, in a
    sentence. notes: sentences below the table; the first word of a table of bots is "Simulated".
    """

    name: str
    title: str
    frame: pd.DataFrame
    columns: Mapping[str, str]
    notes: tuple[str, ...] = ()


def is_end(name: str, names: Collection[str]) -> bool:
    """Whether this column is an end of another one's interval."""
    value = name.removesuffix(LOW).removesuffix(HIGH)
    return value != name and {value, value + LOW, value + HIGH} <= set(names)
