"""What a study adds to the report of a run: tables, figures, and a judgment of each direction.

People judged the directions of certain cells. Direction k of any other cell, of the same method but
another seed or other settings, is another direction, so judgments are joined to cells alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from benchmark.runs.replicates import Replicates
from benchmark.runs.results import Cell, StoredCell
from benchmark.tables.table import Table

FACTS = ("mos", "low", "high", "n", "category", "label")


@dataclass(frozen=True)
class JudgedCell:
    """A cell whose directions people saw. directions_sha256: of the file that held them."""

    cell: Cell
    directions_sha256: str

    def is_one_of(self, cells: Sequence[StoredCell]) -> bool:
        """Whether one of these is the cell, with the very directions that were shown, or without
        them in a slim copy."""
        return any(
            one.cell == self.cell and one.directions_sha256 == self.directions_sha256
            for one in (stored.result for stored in cells)
        )


@dataclass(frozen=True)
class Judged:
    """The analysis of a study, as far as the report shows it.

    simulated: the answers are those of simulated annotators. directions: generator, method,
    direction (the k-th), mos, low, high, n, category, label; one row per rated direction. figures:
    name, suffix and bytes of each picture. remarks: what a reader must know of the analysis, such
    as whether its plan changed since the study was built. cells: whose directions they are.
    elsewhere: sentences on judgments that stand beside no row of the report, and why.
    """

    simulated: bool
    tables: tuple[Table, ...]
    directions: pd.DataFrame
    figures: tuple[tuple[str, str, bytes], ...] = ()
    remarks: tuple[str, ...] = ()
    cells: tuple[JudgedCell, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def about(self, rows: Sequence[Replicates]) -> "Judged":
        """The same, with judgments of directions that these rows are about, and no others."""
        if self.directions.empty:
            return self
        shown: dict[tuple[str, str], list[Replicates]] = {}
        for r in rows:
            shown.setdefault((r.generator, r.method), []).append(r)
        known = {(one.cell.generator, one.cell.method): one for one in self.cells}
        kept, notes = [], []
        for place, own in self.directions.groupby(["generator", "method"], sort=False):
            generator, method = map(str, place)
            here, one = shown.get((generator, method), []), known.get((generator, method))
            if len(here) == 1 and one is not None and one.is_one_of(here[0].done):
                kept.append(own)
                first = here[0].first.result.cell
                if first != one.cell:
                    notes.append(
                        f"The judgments of {method} on {generator} are of seed {one.cell.seed}; "
                        f"pictures show seed {first.seed}, whose directions nobody judged."
                    )
            else:
                notes.append(
                    f"The judgments of {method} on {generator} are of {_which(one)}, which no "
                    "single row here is about; they stand in the tables of the study alone."
                )
        frame = pd.concat(kept) if kept else self.directions.iloc[:0]
        return replace(self, directions=frame, elsewhere=tuple(notes))

    def of(self, stored: StoredCell) -> dict[int, dict[str, Any]]:
        """By k: what people said of this cell's directions; what they did not say is left out."""
        if not any(one.is_one_of([stored]) for one in self.cells) or self.directions.empty:
            return {}
        cell, frame = stored.result.cell, self.directions
        own = frame[(frame["generator"] == cell.generator) & (frame["method"] == cell.method)]
        return {
            int(row["direction"]): {name: row[name] for name in FACTS if not pd.isna(row[name])}
            for row in own.to_dict("records")
        }


def judged_cells(origins: Sequence[Mapping[str, Any]]) -> tuple[JudgedCell, ...]:
    """The cells that a study says its directions come from."""
    return tuple(
        JudgedCell(
            Cell(*(origin[name] for name in ("generator", "method", "seed", "config_hash"))),
            str(origin["directions_sha256"]),
        )
        for origin in origins
    )


def _which(one: JudgedCell | None) -> str:
    if one is None:
        return "directions of an unknown run"
    return f"other directions (seed {one.cell.seed}, configuration {one.cell.config_hash})"
