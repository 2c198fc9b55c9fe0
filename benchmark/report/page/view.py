"""Tables and pictures as the page shows them: text, and data that needs no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.report.words import FIGURES, STUDY_FIGURES
from benchmark.tables.table import Table
from benchmark.tables.text import rounded

MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
SIMULATED = "Simulated"


@dataclass(frozen=True)
class View:
    """A table in text. numeric: by column, whether it holds numbers."""

    name: str
    title: str
    header: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    columns: Mapping[str, str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Drawing:
    """A figure. title: its name. words: what it shows; screen readers read them aloud."""

    title: str
    words: str
    address: str


def view(table: Table, simulated: bool = False) -> View:
    """The table rounded; one of simulated answers says so in its title."""
    text = rounded(table)
    shown = [table.columns[name] for name in table.shown]
    return View(
        table.name,
        marked(table.title) if simulated or table.simulated else table.title,
        header=[str(heading) for heading in text],
        numeric=[column.kind not in ("text", "flag") for column in shown],
        rows=text.to_numpy().tolist(),
        columns={
            name: column.words
            for name, column in zip(table.shown, shown, strict=True)
            if column.words
        },
        notes=[note.replace("`", "") for note in (table.introduction, *table.notes) if note],
    )


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
