"""A table of the analysis: what is computed once, then shown as CSV, Markdown, LaTeX and HTML."""

from dataclasses import dataclass

import pandas as pd


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
    columns: dict[str, str]
    notes: tuple[str, ...] = ()
