"""An analysis on disk: each table as CSV, Markdown and LaTeX, and the figures."""

from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.report.tables.main_table import write_csv, write_text
from benchmark.study.analyse import Analysis
from benchmark.study.figures import write_figures
from benchmark.tables.table import Table
from benchmark.tables.text import entry, latex

MISSING = "undefined"
IN_WORDS = ("category", "label")  # of a direction; empty where nobody gave one
SPECIAL = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def write_analysis(analysis: Analysis, folder: Path) -> None:
    """Write NAME.csv, .md and .tex of every table into `folder`, and figures/ below it."""
    for table in analysis.tables:
        write_table(table, folder, analysis.simulated)
    write_figures(analysis, folder / "figures")


def write_table(table: Table, folder: Path, simulated: bool = False) -> None:
    """The CSV holds all digits and, of bots, a column that says so; the others are rounded."""
    frame = table.frame
    if simulated:
        frame = frame.assign(annotators="simulated")
    text = readable(table.frame)
    write_csv(frame, folder / f"{table.name}.csv")
    write_text(page(table, text), folder / f"{table.name}.md")
    write_text(float_of(table, text), folder / f"{table.name}.tex")


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table rounded and in text, a value and its interval in one column:
    `0.613 [0.603, 0.622]`. A number that nobody can give is `undefined`."""
    text = pd.DataFrame(
        {name: [_entry(str(name), value) for value in frame[name]] for name in frame}, dtype=object
    )
    for name in [str(name) for name in frame if f"{name}_low" in frame]:
        low, high = text.pop(f"{name}_low"), text.pop(f"{name}_high")
        interval = (" [" + low + ", " + high + "]").where(low != MISSING, f" [{MISSING}]")
        text[name] = text[name] + interval.where(text[name] != MISSING, "")
        text = text.rename(columns={name: f"{name} [95% interval]"})
    return text


def markdown(text: pd.DataFrame) -> str:
    """A table in GitHub's Markdown."""
    rows = [[*map(str, text)], ["---"] * len(text.columns), *text.to_numpy().tolist()]
    escaped = ([value.replace("|", r"\|") for value in row] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)


def page(table: Table, text: pd.DataFrame) -> str:
    """The Markdown file: the table, its notes, and what its columns mean."""
    body = markdown(text) if len(text) else "There are no rows.\n"
    notes = "".join(f"{note}\n\n" for note in table.notes)
    meaning = "".join(f"- `{name}`: {sentence}\n" for name, sentence in table.columns.items())
    return f"# {table.title}\n\n{body}\n{notes}## Columns\n\n{meaning}"


def float_of(table: Table, text: pd.DataFrame) -> str:
    """A LaTeX table with a caption, for the booktabs package."""
    stop = "" if table.title.endswith("?") else "."
    caption = " ".join([f"{table.title}{stop}", *table.notes]).translate(SPECIAL)
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{caption}}}\n\\label{{tab:{table.name}}}\n{latex(text)}\\end{{table}}\n"
    )


def _entry(name: str, value: Any) -> str:
    if value is None:
        return "" if name in IN_WORDS else MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return entry(value, ",d")
    if name.split("_")[0] == "p" and value < 0.001:
        return "<0.001"
    return entry(value, ".3f")
