"""Directions with a name: what they seem to do, in the words of those who looked at them.

Names come from a study (`bench study label`), or from a file `human_annotation.txt` that somebody
wrote beside the directions by hand, of lines like `22: zoom`.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.core.storage import write_text
from benchmark.directions.labels import Label
from benchmark.metrics import HEADLINE_OF_A_DIRECTION, METRICS
from benchmark.metrics.measures import measures_of
from benchmark.report.attempts import Attempts
from benchmark.report.pictures.gallery import renew
from benchmark.report.pictures.strips import draw, spoken
from benchmark.report.words import NAMED
from benchmark.runs.opening import Painters
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


def write_named(
    rows: Sequence[Replicates], painters: Painters, run: Path, attempts: Attempts
) -> None:
    """Write named.md and named/, a section and a picture for each row whose lowest seed has names.

    Without any name nothing is written. A row that cannot be painted here loses only its picture.
    """
    sections = []
    for r in rows:
        picture, strips = f"named/{r.generator}-{r.method}.webp", None
        names = named(r.first) if r.done else []
        if not names:
            renew(None, run / picture)
            continue
        title = escape_markdown(plain_line(f"{r.generator}, {r.method}"))
        seed, count = r.first.result.cell.seed, len({one.index for one, _ in names})
        of = f"{count} of {r.k} directions of seed {seed} have a name."
        section = f"## {title}\n\n{of}\n\n{markdown(table(names))}"
        generator = painters.get((r.generator, r.method))
        if generator is not None:
            called = r.first.directions().names()
            first = list(dict.fromkeys(one.index for one, _ in names))[:MOST]
            titles = {k: f"direction {k}{spoken(called[k])}" for k in first}
            what = "directions with a name"
            strips = attempts.make(picture, draw, generator, r.first, titles, what)
        renew(strips, run / picture)
        if strips is not None:
            section += f"\n![{title}: named directions]({picture})\n"
        sections.append(section)
    if not sections:
        (run / "named.md").unlink(missing_ok=True)
    else:
        write_text(
            run / "named.md", "\n".join([f"# Directions with a name\n\n{NAMED}\n", *sections])
        )


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
