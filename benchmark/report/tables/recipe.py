"""recipe.csv, .md and .tex: what was tried, where a run holds more than one configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.tables.main_table import seed_columns, seed_table
from benchmark.report.words import RECIPE
from benchmark.runs.results import StoredCell
from benchmark.runs.roles import place
from benchmark.tables.table import Column, Table
from benchmark.tables.writing import write_table

SETTING = Column("A setting, as `--set` takes it.", "text")


def write_recipe(
    cells: Sequence[StoredCell], measures: Measures, run: Path, order: Sequence[str]
) -> None:
    """Write the files, if any generator and method has more than one configuration.

    order: the methods in order.
    """
    table = recipe_table(cells, measures, order)
    if table is not None:
        write_table(table, run)


def recipe_table(
    cells: Sequence[StoredCell], measures: Measures, order: Sequence[str]
) -> Table | None:
    """One row per cell, with the settings that differ within a generator and method; best first."""
    rows = seed_table(cells, measures)
    settings = pd.DataFrame([flat(cell) for cell in cells])
    by_method = [rows["generator"], rows["method"]]
    if rows["config_hash"].groupby(by_method).nunique().max() < 2:
        return None
    varied = settings.groupby(by_method).nunique(dropna=False).max() > 1
    names = list(settings.columns[varied])
    rows = rows.drop(columns=["k", "chance"])  # settings, or the same everywhere
    frame = pd.concat([rows[["generator", "method"]], settings[names], rows.iloc[:, 2:]], axis=1)
    rank = {name: i for i, name in enumerate(sorted(set(frame["method"]), key=place(order)))}
    frame = frame.sort_values(
        ["generator", "method", HEADLINE],
        ascending=[True, True, False],
        key=lambda column: column.map(rank) if column.name == "method" else column,
        ignore_index=True,
    )
    columns = {**dict.fromkeys(names, SETTING), **seed_columns(rows, measures)}
    return Table("recipe", "What was tried", frame, columns, introduction=RECIPE)


def flat(stored: StoredCell) -> Mapping[str, Any]:
    """A cell's settings under the names that `--set` takes, its generator's options too, and that
    generator's weights hash."""
    config, cell = stored.result.config, stored.result.cell
    given = config.get("generator", {})
    options = {f"{cell.generator}.{key}": str(value) for key, value in given.items()}
    own = {f"{cell.method}.{key}": value for key, value in config["method"].items()}
    weights = {"generator_hash": config["generator_hash"]}
    return {**weights, **options, **config["protocol"], **own}
