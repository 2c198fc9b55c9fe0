"""Directions with a name: what they seem to do, in the words of those who looked at them.

Names come from a study (`bench study label`), or from a file `human_annotation.txt` that somebody
wrote beside the directions by hand, of lines like `22: zoom`.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from benchmark.core.storage import write_text
from benchmark.directions.labels import Label
from benchmark.metrics import HEADLINE_OF_A_DIRECTION, METRICS
from benchmark.metrics.measures import measures_of
from benchmark.report.pictures.painted import Painted
from benchmark.report.pictures.strips import draw, spoken
from benchmark.report.words import NAMED
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell
from benchmark.tables.table import Column, Table
from benchmark.tables.text import plain_line
from benchmark.tables.writing import escape_markdown, markdown

MOST = 12  # directions of a picture
COLUMNS = {
    "direction": Column("Its number, counted from 0.", "number"),
    "name": Column("What it seems to do.", "text"),
    "mos": Column("Mean opinion score of a study, where one judged it.", better="high"),
    "mos_low": Column("Lower end of its 95% interval."),
    "mos_high": Column("Upper end of that interval."),
    "ratings": Column("How many annotators judged it.", "count"),
    "change type": Column("The change type that was named most often.", "text"),
    HEADLINE_OF_A_DIRECTION: measures_of(METRICS).direction[HEADLINE_OF_A_DIRECTION],
}


def write_named(sections: Sequence[str], run: Path) -> None:
    """Write named.md of these sections; without any, remove what an earlier report wrote."""
    if not sections:
        (run / "named.md").unlink(missing_ok=True)
        return
    write_text(run / "named.md", "\n".join([f"# Directions with a name\n\n{NAMED}\n", *sections]))


def section(r: Replicates, names: Sequence[tuple[Label, float]], picture: str) -> str:
    """What is said of the row's names. picture: the path of their strips, empty without one."""
    title = escape_markdown(plain_line(f"{r.generator}, {r.method}"))
    seed, count = r.first.result.cell.seed, len({one.index for one, _ in names})
    of = f"{count} of {r.k} directions of seed {seed} have a name."
    shown = f"\n![{title}: named directions]({picture})\n" if picture else ""
    return f"## {title}\n\n{of}\n\n{markdown(table(names))}{shown}"


def draw_named(painted: Painted, names: Sequence[tuple[Label, float]]) -> Image.Image:
    """A strip for each of the first named directions."""
    called = painted.directions.names()
    first = list(dict.fromkeys(one.index for one, _ in names))[:MOST]
    titles = {k: f"direction {k}{spoken(called[k])}" for k in first}
    return draw(painted, titles, "directions with a name")


def named(stored: StoredCell) -> list[tuple[Label, float]]:
    """Labels with a name, each with R's accuracy; by MOS where people rated, then by accuracy."""
    accuracy = dict(stored.ranking())
    found = [
        (label, accuracy.get(label.index, float("nan"))) for label in stored.labels() if label.label
    ]
    return sorted(found, key=lambda pair: (-(pair[0].mos or 0.0), -pair[1], pair[0].index))


def table(names: Sequence[tuple[Label, float]]) -> Table:
    """One row per named direction; columns that nobody filled are left out."""
    frame = pd.DataFrame(
        [
            {
                "direction": label.index,
                "name": label.label,
                "mos": label.mos,
                "mos_low": label.low,
                "mos_high": label.high,
                "ratings": label.n or None,
                "change type": label.category,
                HEADLINE_OF_A_DIRECTION: accuracy,
            }
            for label, accuracy in names
        ]
    )
    frame = frame.astype({"ratings": "Int64"}).dropna(axis="columns", how="all")
    return Table("named", "Directions with a name", frame, COLUMNS)
