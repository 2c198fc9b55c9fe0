"""A table with its words as files: name.csv with all digits, name.md and name.tex to read."""

from pathlib import Path

import pandas as pd

from benchmark.report.tables.main_table import write_csv, write_text
from benchmark.tables.table import Table
from benchmark.tables.text import latex, markdown, readable


def write_documents(table: Table, folder: Path) -> None:
    """Write the three files; in LaTeX, words and numbers stand in a tabular for booktabs."""
    text = readable(table.frame)
    write_csv(table.frame, folder / f"{table.name}.csv")
    write_text(page(table, markdown(text)), folder / f"{table.name}.md")
    comments = "".join(f"% {line}\n" for line in (table.title, *table.notes))
    write_text(comments + latex(text), folder / f"{table.name}.tex")


def page(table: Table, body: str) -> str:
    """Markdown: the title, the notes, the table itself, and what its columns mean."""
    notes = "".join(f"{note}\n\n" for note in table.notes)
    meaning = "".join(f"- `{name}`: {words}\n" for name, words in table.columns.items())
    return f"# {table.title}\n\n{notes}{body}\n## Columns\n\n{meaning}"


def without_nan(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with None for whatever is missing, as tables hold it."""
    objects = frame.astype(object)
    return objects.where(frame.notna(), None)
