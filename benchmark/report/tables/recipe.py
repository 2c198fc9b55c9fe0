"""recipe.csv and recipe.md: what was tried, where a run holds more than one configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.report.tables.main_table import seed_table, write_csv, write_text
from benchmark.report.words import RECIPE
from benchmark.runs.results import StoredCell
from benchmark.tables.text import markdown, readable


def write_recipe(cells: Sequence[StoredCell], run: Path) -> None:
    """Write both files, if any generator and method has more than one configuration."""
    table = recipe_table(cells)
    if table is not None:
        write_csv(table, run / "recipe.csv")
        text = f"# What was tried\n\n{RECIPE}\n\n{markdown(readable(table))}"
        write_text(text, run / "recipe.md")


def recipe_table(cells: Sequence[StoredCell]) -> pd.DataFrame | None:
    """A row per cell, with the settings that differ within a generator and method; best first."""
    rows = seed_table(cells)
    settings = pd.DataFrame([flat(cell) for cell in cells])
    by_method = [rows["generator"], rows["method"]]
    if rows["config_hash"].groupby(by_method).nunique().max() < 2:
        return None
    varied = settings.groupby(by_method).nunique(dropna=False).max() > 1
    names = list(settings.columns[varied])
    rows = rows.drop(columns=["k", "chance"], errors="ignore")  # settings, or the same everywhere
    table = pd.concat([rows[["generator", "method"]], settings[names], rows.iloc[:, 2:]], axis=1)
    return table.sort_values(
        ["generator", "method", "rca_fresh"], ascending=[True, True, False], ignore_index=True
    )


def flat(stored: StoredCell) -> Mapping[str, Any]:
    """A cell's settings under the names that `--set` takes, and its generator's weights hash."""
    config, method = stored.result.config, stored.result.cell.method
    own = {f"{method}.{key}": value for key, value in config["method"].items()}
    return {"generator_hash": config["generator_hash"], **config["protocol"], **own}
