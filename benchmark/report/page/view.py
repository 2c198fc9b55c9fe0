"""Tables and pictures as the page shows them: text, and data that needs no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.report.words import FIGURES, STUDY_FIGURES
from benchmark.tables.table import Table
from benchmark.tables.text import SHARES, readable

MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
SIMULATED = "Simulated"


@dataclass(frozen=True)
class View:
    """A table in text. numeric: by column, whether it holds numbers only."""

    name: str
    title: str
    header: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    columns: Mapping[str, str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Drawing:
    """A figure. title: what it is called. words: what it shows, and is read aloud."""

    title: str
    words: str
    address: str


def view(table: Table, simulated: bool = False, other: str = SHARES) -> View:
    """The table rounded; one of simulated answers says so in its title. other: style of numbers."""
    text = readable(table.frame, other)
    title = marked(table.title) if simulated else table.title
    header = [str(name) for name in text]
    numeric = [_numeric(table.frame, name.partition(" [")[0]) for name in header]
    rows = text.to_numpy().tolist()
    return View(table.name, title, header, numeric, rows, table.columns, table.notes)


def frame_view(name: str, title: str, frame: pd.DataFrame, words: Mapping[str, str]) -> View:
    """The same of a bare frame, each number in at most six digits."""
    return view(Table(name, title, frame, dict(words)), other="g")


def drawing(path: Path) -> Drawing:
    """A figure of the run, with its words."""
    return Drawing(*FIGURES[path.stem], address(path.suffix, path.read_bytes()))


def study_drawing(name: str, suffix: str, content: bytes, simulated: bool) -> Drawing:
    """A figure of a study; one of simulated answers says so."""
    title, words = STUDY_FIGURES.get(name, (name.replace("_", " ").capitalize(), ""))
    if simulated:
        title, words = marked(title), f"{words} {SIMULATED} answers, no people.".strip()
    return Drawing(title, words, address(suffix, content))


def marked(title: str) -> str:
    """The title with the word that everything of simulated answers carries."""
    return title if title.startswith(SIMULATED) else f"{SIMULATED}: {title}"


def address(suffix: str, content: bytes) -> str:
    """A picture as a data URL."""
    return f"data:{MEDIA[suffix]};base64,{b64encode(content).decode('ascii')}"


def _numeric(frame: pd.DataFrame, name: str) -> bool:
    values: list[Any] = [value for value in frame[name] if not pd.isna(value)]
    return bool(values) and all(isinstance(value, (int, float, np.number)) for value in values)
