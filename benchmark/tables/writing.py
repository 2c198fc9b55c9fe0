"""The one writer of tables: CSV with all digits, Markdown and LaTeX to read.

    table = Table("mos", "MOS of each method", frame, {"method": Column("Whose.", "text"), ...})
    write_table(table, folder)      folder/mos.csv, mos.md, mos.tex
    write_csv(table, path)          the CSV alone
    page(table)                     the Markdown file as text; markdown(table): the bare table
    latex(table)                    a LaTeX table with caption and label, for the booktabs package
    rounded(table)                  (benchmark.tables.text) a frame of text, for HTML and terminals

Names, labels and reasons may hold anything: each format escapes what it would take for markup.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.guarding import guarded
from benchmark.core.storage import write_text
from benchmark.tables.table import Column, Table
from benchmark.tables.text import rounded

CODE = re.compile(r"(`[^`]*`)")
MARKDOWN = re.compile(
    r"[\\`*|~$@]|(?<![^\W_])_|_(?![^\W_])"  # code, emphasis, cells, formulas, addresses of people
    r"|<(?=[a-zA-Z/!?])|&(?=#?\w+;)"  # HTML
    r"|\](?=[(\[:])|(?<=:)//|(?<=www)\."  # links
)
LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
EMPTY = "There are no rows."


def write_table(table: Table, folder: Path) -> None:
    """Write NAME.csv, NAME.md and NAME.tex into `folder`."""
    write_csv(table, folder / f"{table.name}.csv")
    write_text(folder / f"{table.name}.md", page(table))
    write_text(folder / f"{table.name}.tex", latex(table))


def remove_table(name: str, folder: Path) -> None:
    """Remove what `write_table` wrote there before, if it did."""
    for suffix in ("csv", "md", "tex"):
        (folder / f"{name}.{suffix}").unlink(missing_ok=True)


def write_csv(table: Table, path: Path) -> None:
    """All digits, one line for each row, empty where a value is missing or not finite.

    A table of bots has one more column, which says so. Text that a spreadsheet would run as a
    formula is guarded.
    """
    frame = without_nan(table.frame)
    if table.simulated:
        frame = frame.assign(annotators="simulated")
    frame = frame.map(_guarded).rename(columns=_guarded)
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def page(table: Table) -> str:
    """A Markdown file: title, introduction, table, notes, and what the columns mean."""
    paragraphs = [f"# {markdown_prose(table.title)}", markdown_prose(table.introduction)]
    paragraphs += [markdown(table).rstrip("\n") if len(table.frame) else EMPTY]
    paragraphs += map(markdown_prose, table.notes)
    meaning = [
        f"- `{name}`: {markdown_prose(column.words)}"
        for name, column in table.columns.items()
        if name in table.frame and column.words
    ]
    if meaning:
        paragraphs += ["## Columns", "\n".join(meaning)]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def markdown(table: Table) -> str:
    """The bare table in GitHub's Markdown: words to the left, numbers to the right."""
    rows = _rows(table, escape_markdown, lambda cell: f"**{cell}**")
    rule = ["---" if column.kind == "text" else "---:" for column in _columns(table)]
    lines = [rows[0], rule, *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(table: Table) -> str:
    """A LaTeX table with its title and notes as the caption, for the booktabs package."""
    rows = _rows(table, escape_latex, lambda cell: f"\\textbf{{{cell}}}")
    head, *body = (f"{_shielded(' & '.join(row))} \\\\\n" for row in rows)
    stop = "" if table.title.endswith(("?", ".")) else "."
    caption = [f"{table.title}{stop}", table.introduction, *table.notes]
    places = "".join("l" if column.kind == "text" else "r" for column in _columns(table))
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{latex_prose(' '.join(filter(None, caption)))}}}\n"
        f"\\label{{tab:{table.name}}}\n"
        f"\\begin{{tabular}}{{{places}}}\n\\toprule\n{head}\\midrule\n{''.join(body)}"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def without_nan(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with None for whatever is missing or not finite, as tables hold it."""
    objects = frame.astype(object)
    missing = frame.isna() | objects.isin([float("inf"), float("-inf")])
    return objects.where(~missing, None)


def escape_markdown(text: str) -> str:
    """Escape text of others, so that it shows as it is: no markup, no link, no second cell."""
    return MARKDOWN.sub(lambda found: f"\\{found[0]}", text)


def escape_latex(text: str) -> str:
    """Escape text of others for LaTeX."""
    return "".join(LATEX.get(character, character) for character in text)


def markdown_prose(text: str) -> str:
    """A sentence of ours, which marks code with backticks and may quote the text of others."""
    return _prose(text, escape_markdown, lambda code: code)


def latex_prose(text: str) -> str:
    """A sentence of ours for LaTeX, where backticks mark code."""
    return _prose(text, escape_latex, lambda code: f"\\texttt{{{escape_latex(code[1:-1])}}}")


def _prose(text: str, escape: Callable[[str], str], code: Callable[[str], str]) -> str:
    parts = CODE.split(" ".join(text.split()))
    return "".join(code(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def _rows(
    table: Table, escape: Callable[[str], str], embolden: Callable[[str], str]
) -> list[list[str]]:
    """The headings, then each row, as escaped cells."""
    text = rounded(table)
    bold = {(row, table.shown.index(name)) for row, name in table.bold}
    rows = [[escape(str(heading)) for heading in text]]
    for number, row in enumerate(text.itertuples(index=False)):
        cells = [escape(cell) for cell in row]
        rows.append([embolden(c) if (number, i) in bold else c for i, c in enumerate(cells)])
    return rows


def _shielded(row: str) -> str:
    """A row that begins with [ or * is taken for an option of the line break before it."""
    return f"{{}}{row}" if row.startswith(("[", "*")) else row


def _columns(table: Table) -> list[Column]:
    return [table.columns[name] for name in table.shown]


def _guarded(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value
