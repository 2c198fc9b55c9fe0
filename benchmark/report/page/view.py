"""Tables and pictures as the page shows them: text, and data that needs no network."""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from benchmark.report.captions import FIGURES, STUDY_FIGURES
from benchmark.tables.table import Table
from benchmark.tables.text import rounded

MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
SIMULATED = "Simulated"
PLAIN = " '/:=;,.-_+@?!$*~"  # what an address of text may hold as it is
WIDE = 8.5  # inches of a figure that wants the whole width of the page
ACROSS = re.compile(rb'<svg [^>]*?\bwidth="([\d.]+)pt"')


@dataclass(frozen=True)
class View:
    """A table in text. numeric: by column, whether it holds numbers. bold: cells that stand out, as
    (row, column), both counted from 0."""

    name: str
    title: str
    header: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    columns: Mapping[str, str]
    notes: Sequence[str]
    bold: Collection[tuple[int, int]] = ()


@dataclass(frozen=True)
class Drawing:
    """A figure. title: its name. words: what it shows; screen readers read them aloud. wide: it
    wants the whole width of the page."""

    title: str
    words: str
    address: str
    wide: bool = False


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
        bold={(row, table.shown.index(name)) for row, name in table.bold if name in table.shown},
    )


def brief(table: Table) -> Table:
    """The table without columns that no row can answer, and with a reason that most rows share said
    once: so that what there is stands on the page without scrolling."""
    frame = table.frame
    if frame.empty:
        return table
    empty = [str(name) for name in frame if name != "note" and frame[name].isna().all()]
    gone = [name for name in table.shown if name in empty]
    notes = [f"Undefined in every row, and so not shown: {', '.join(gone)}."] if gone else []
    if "note" in frame:
        reasons = [str(note or "").split("; ") for note in frame["note"]]
        counts = Counter(reason for own in reasons for reason in own if reason)
        common = [reason for reason, n in counts.items() if 2 * n > len(frame)]
        for reason in common:
            rows = "every row" if counts[reason] == len(frame) else f"{counts[reason]} rows"
            notes.append(f"Of {rows}: {reason}.")
        left = ["; ".join(one for one in own if one not in common) for own in reasons]
        frame = frame.assign(note=left)
        empty += [] if any(left) else ["note"]
    return replace(table, frame=frame.drop(columns=empty), notes=(*table.notes, *notes))


def drawing(path: Path) -> Drawing:
    """A figure of the run, with its words."""
    content = path.read_bytes()
    return Drawing(*FIGURES[path.stem], address(path.suffix, content), is_wide(content))


def is_wide(content: bytes) -> bool:
    """Whether an SVG is broader than half a page."""
    found = ACROSS.search(content[:2000])
    return found is not None and float(found[1]) / 72 > WIDE


def study_drawing(name: str, suffix: str, content: bytes, simulated: bool) -> Drawing:
    """A figure of a study; one of simulated answers says so."""
    title, words = STUDY_FIGURES.get(name, (name.replace("_", " ").capitalize(), ""))
    if simulated:
        title, words = marked(title), f"{words} {SIMULATED} answers, no people.".strip()
    return Drawing(title, words, address(suffix, content), is_wide(content))


def marked(title: str) -> str:
    """The title with the word that everything of simulated answers carries."""
    return title if title.startswith(SIMULATED) else f"{SIMULATED}: {title}"


def address(suffix: str, content: bytes) -> str:
    """A picture as a data URL; an SVG as text, which is a quarter shorter than base64."""
    if suffix == ".svg":
        text = content.decode("utf-8")
        text = text if "'" in text else text.replace('"', "'")
        return f"data:{MEDIA[suffix]},{quote(text, safe=PLAIN)}"
    return f"data:{MEDIA[suffix]};base64,{b64encode(content).decode('ascii')}"
