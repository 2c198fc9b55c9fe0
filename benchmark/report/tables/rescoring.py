"""rescoring.csv: how each attribute changes along each direction, as a judge sees it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmark.metrics.attribute_correlation import MATRIX, RESCORED
from benchmark.report.words import OF_A_DIRECTION
from benchmark.runs.replicates import Replicates
from benchmark.tables.table import Column, Table
from benchmark.tables.writing import write_csv

DIGITS = 6  # of a value, significant: an estimate from some latents has no more


def write_rescoring(rows: Sequence[Replicates], run: Path) -> None:
    """Write the file into `run` where a judge looked at the directions; results keep all digits."""
    if table := matrix_table(rows, MATRIX, "attribute", RESCORED):
        shown = table.frame["value"].map(lambda value: float(f"{value:.{DIGITS}g}"))
        shorter = replace(table, frame=table.frame.assign(value=shown))
        write_csv(shorter, run / f"{MATRIX}.csv")


def matrix_table(rows: Sequence[Replicates], name: str, column: str, value: Column) -> Table | None:
    """A matrix that a metric stored of each cell, a row for each direction and column of it; None
    where no cell has it. column: what its columns are called; value: what its numbers mean."""
    parts = [
        matrix.reset_index()
        .melt("k", var_name=column, value_name="value")
        .assign(generator=r.generator, method=r.method, seed=stored.result.cell.seed)
        for r in rows
        for stored in r.done
        if not (matrix := stored.matrix(name)).empty
    ]
    if not parts:
        return None
    frame = pd.concat(parts, ignore_index=True)
    columns = {**OF_A_DIRECTION, column: Column("What changes.", "text"), "value": value}
    frame = frame[list(columns)].sort_values(["generator", "method", "seed", "k"], kind="stable")
    return Table(name, name, frame, columns)
