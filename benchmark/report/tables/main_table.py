"""The tables of a run: rca.csv, .md and .tex, and seeds.csv and directions.csv behind them."""

from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from benchmark.core.storage import write_text
from benchmark.rca import evaluation
from benchmark.report.words import COLUMNS, INTRODUCTION, OF_A_DIRECTION, OF_A_SEED, RECOVERY
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell
from benchmark.stats.intervals import wilson
from benchmark.tables.table import Column, Table
from benchmark.tables.writing import markdown, page, write_csv, write_table

AVERAGED = (
    "rca_fresh",
    "rca_joint",
    "top5",
    "shift_error",
    "max_cosine",
    "effective_rank",
    "collapse",
)
FIGURES_OF_A_SEED = (  # what a cell's row shows in any case, empty where the cell failed
    "rca_fresh",
    "rca_fresh_low",
    "rca_fresh_high",
    "rca_joint",
    "rca_joint_low",
    "rca_joint_high",
    "top5",
    "shift_error",
    "max_cosine",
    "effective_rank",
    "collapse",
    "n",
)


def write_tables(rows: Sequence[Replicates], run: Path) -> None:
    """Write rca.csv, rca.md, rca.tex, seeds.csv and directions.csv into `run`."""
    frame = rca_table(rows)
    bold = [(row, "rca_fresh") for row in clear_winners(frame)]
    table = Table("rca", "RCA", frame, COLUMNS, introduction=INTRODUCTION, bold=bold)
    write_table(table, run)
    if known := recovery_table(rows):
        text = f"{page(table)}\n## {known.title}\n\n{known.introduction}\n\n{markdown(known)}"
        write_text(run / "rca.md", text)
    seeds = seed_table([cell for r in rows for cell in r.cells])
    write_csv(Table("seeds", "Every run", seeds, seed_columns(seeds)), run / "seeds.csv")
    directions = Table("directions", "Every direction", direction_table(rows), OF_A_DIRECTION)
    write_csv(directions, run / "directions.csv")


def rca_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """The main table: one row per generator and method, the columns of COLUMNS."""
    return pd.DataFrame([rca_row(r) for r in rows], columns=list(COLUMNS))


def rca_row(replicates: Replicates) -> dict[str, Any]:
    """Means over the done seeds; NaN where none is done."""
    results = [cell.result for cell in replicates.done]
    values = {
        name: np.array([result.metrics.get(name, nan) for result in results]) for name in AVERAGED
    }
    counts = np.array([result.metrics["n"] for result in results], dtype=int)
    low, high = interval(values["rca_fresh"], counts)
    return {
        "generator": replicates.generator,
        "method": replicates.method,
        **{name: float(v.mean()) if len(v) else nan for name, v in values.items()},
        "rca_fresh_low": low,
        "rca_fresh_high": high,
        "k": replicates.k,
        "chance": 1.0 / replicates.k,
        "n": int(counts.sum()),
        "seeds": len(results),
        "seconds": sum(sum(result.seconds.values()) for result in results),
        "status": replicates.status(),
    }


def interval(shares: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """95% interval of the mean of `shares`, one per seed, each of counts trials; inside [0, 1].

    The wider of Wilson's of all trials pooled, which knows only the chance of the questions, and
    Student's over the seeds, which also knows the chance of the training. NaN without a seed.
    """
    if not len(shares):
        return nan, nan
    low, high = (float(end) for end in wilson(np.round(shares * counts).sum(), counts.sum()))
    if len(shares) > 1:
        middle = shares.mean()
        half = t.ppf(0.975, len(shares) - 1) * shares.std(ddof=1) / np.sqrt(len(shares))
        student = max(0.0, float(middle - half)), min(1.0, float(middle + half))
        if student[1] - student[0] > high - low:
            return student
    return low, high


def clear_winners(table: pd.DataFrame) -> list[int]:
    """The rows whose interval lies above those of all others of their generator and K."""
    records = table.to_dict("records")
    winners = []
    for i, row in enumerate(records):
        rivals = [
            other["rca_fresh_high"]
            for other in records
            if other is not row
            and (other["generator"], other["k"]) == (row["generator"], row["k"])
            and not isnan(other["rca_fresh"])
        ]
        if rivals and row["rca_fresh_low"] > max(rivals):
            winners.append(i)
    return winners


def seed_table(cells: Sequence[StoredCell]) -> pd.DataFrame:
    """One row per cell, done or failed."""
    return pd.DataFrame([seed_row(cell) for cell in cells])


def seed_row(stored: StoredCell) -> dict[str, Any]:
    """One cell: what it is, its figures, and the seconds of each phase."""
    result = stored.result
    figures = {name: v for name, v in result.metrics.items() if not isinstance(v, (dict, list))}
    figures = {**dict.fromkeys(FIGURES_OF_A_SEED, nan), **figures}
    return {
        "generator": result.cell.generator,
        "method": result.cell.method,
        "seed": result.cell.seed,
        "config_hash": result.cell.config_hash,
        **figures,
        **{f"seconds_{phase}": seconds for phase, seconds in result.seconds.items()},
        "status": f"failed: {result.reason}" if result.status == "failed" else result.status,
    }


def direction_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """One row per direction of each done cell: accuracy with 95% Wilson interval, and collapse."""
    columns = ["generator", "method", "seed", "k", "n", "accuracy", "low", "high", "collapse"]
    parts = [pd.DataFrame(columns=columns)]
    for r in rows:
        for stored in r.done:
            predictions = stored.table("predictions")
            if predictions is not None:
                table = evaluation.per_direction(predictions, r.k)
                table["collapse"] = stored.result.metrics.get("by_direction", {}).get(
                    "collapse", nan
                )
                place = {"generator": r.generator, "method": r.method}
                parts.append(table.assign(**place, seed=stored.result.cell.seed)[columns])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def seed_columns(seeds: pd.DataFrame) -> dict[str, Column]:
    """What each column of the table of cells means; figures that nobody explained are numbers."""
    known = {**COLUMNS, **OF_A_SEED}
    return {name: known.get(name, Column("", "number")) for name in map(str, seeds)}


def recovery_table(rows: Sequence[Replicates]) -> Table | None:
    """The recovery of directions that are known; None where none are."""
    known = [
        {"generator": r.generator, "method": r.method, "recovery": float(np.mean(values))}
        for r in rows
        if (values := recoveries(r))
    ]
    columns = {name: {**COLUMNS, **OF_A_SEED}[name] for name in ("generator", "method", "recovery")}
    frame = pd.DataFrame(known, columns=list(columns))
    return Table("recovery", "Recovery", frame, columns, introduction=RECOVERY) if known else None


def recoveries(replicates: Replicates) -> list[float]:
    """By seed; empty for generators whose true directions nobody knows."""
    metrics = [cell.result.metrics for cell in replicates.done]
    return [m["recovery"] for m in metrics if "recovery" in m]
