"""ablation_k, ablation_lambda and ablation_steps: tables of what a setting gains and costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.tables.main_table import known, rca_columns, rca_row
from benchmark.report.words import (
    ABLATED,
    ABLATIONS,
    FACTS,
    NO_LOSS,
    PLACE,
    TIMES_CHANCE,
    priced,
)
from benchmark.runs.ablation import AXES, SHIFT_LOSSES, read_note
from benchmark.runs.convergence import own_steps
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.roles import place
from benchmark.tables.table import Table
from benchmark.tables.writing import without_nan, write_table


def write_ablations(run: Path, measures: Measures, order: Sequence[str]) -> list[Table]:
    """Write ablation_<axis>.csv, .md and .tex for each axis that was measured.

    order: the methods in order.
    """
    found = [ablation_table(run, axis, measures, order) for axis in AXES]
    tables = [table for table in found if table is not None]
    for table in tables:
        write_table(table, run)
    return tables


def ablation_table(run: Path, axis: str, measures: Measures, order: Sequence[str]) -> Table | None:
    """One row per generator, method and value of the axis; None where it was not measured."""
    noted = read_note(run, axis)
    if not noted:
        return None
    cells = read_cells(run)
    rows = [
        _row(generator, point, noted[generator]["seeds"], cells, measures)
        for generator in sorted(noted)
        for point in noted[generator]["points"]
    ]
    own = [name for name in AXES[axis] if name not in FACTS]
    terms = {name: FACTS[name] for name in ("k", "chance")}  # first, as K is what may be varied
    if axis == "k":
        terms[TIMES_CHANCE] = ABLATED[TIMES_CHANCE]
    columns = {**PLACE, **{name: ABLATED[name] for name in own}, **terms, **rca_columns(measures)}
    frame = known(pd.DataFrame(rows, columns=list(columns)), measures)
    methods = sorted(set(frame["method"]), key=place(order))
    rank = {name: i for i, name in enumerate([*methods, NO_LOSS, *SHIFT_LOSSES])}
    frame = frame.sort_values(
        ["generator", "method", *reversed(own), "k"],
        key=lambda c: c if c.name in ("generator", "lambda", "steps", "k") else c.map(rank),
        ignore_index=True,
    )
    title, words = ABLATIONS[axis]
    notes = _of_own_steps(noted, cells) if axis == "steps" else ()
    frame = without_nan(frame)
    return Table(f"ablation_{axis}", title, frame, columns, notes, introduction=priced(words))


def _of_own_steps(noted: Mapping[str, Any], cells: Sequence[StoredCell]) -> tuple[str, ...]:
    """A sentence on each method whose steps the axis does not vary."""
    points = {
        (generator, point["method"], point.get("config_hash"))
        for generator, content in noted.items()
        for point in content["points"]
    }
    notes: dict[str, None] = {}
    for result in (stored.result for stored in cells):
        c, steps = result.cell, own_steps(result)
        if steps is not None and (c.generator, c.method, c.config_hash) in points:
            notes[
                f"The directions of {c.method} on {c.generator} take {steps:,} steps in every row, "
                "as its settings say: there only the steps of R are varied, and whether it moves "
                "does not tell how many steps a comparison needs."
            ] = None
    return tuple(notes)


def _row(
    generator: str,
    point: dict[str, Any],
    seeds: Sequence[int],
    cells: Sequence[StoredCell],
    measures: Measures,
) -> dict[str, Any]:
    """One point: its means over the seeds of the ablation, or why there are none."""
    found = [
        stored
        for stored in cells
        if (c := stored.result.cell).seed in seeds
        and (c.generator, c.method, c.config_hash)
        == (generator, point["method"], point.get("config_hash"))
    ]
    if found:
        row = rca_row(Replicates(generator, point["method"], tuple(found)), measures)
    else:
        reason = point.get("reason")
        status = f"skipped: {reason}" if reason else "not computed yet: run it again to go on"
        row = {"generator": generator, "method": point["method"], "seeds": 0, "status": status}
        row |= {"k": point["k"], "chance": 1 / point["k"]} if "k" in point else {}
    if HEADLINE in row:
        row[TIMES_CHANCE] = row[HEADLINE] / row["chance"]
    if "steps" in point:
        row["steps"] = point["steps"]
    if "lambda" in point:  # without a weight the kind of loss makes no difference
        row["lambda"] = point["lambda"]
        row["shift_loss"] = point["shift_loss"] if point["lambda"] else NO_LOSS
    return row
