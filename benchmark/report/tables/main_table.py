"""The tables of a run: rca.csv, .md and .tex, and seeds.csv and directions.csv behind them."""

from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from benchmark.core.storage import write_atomically
from benchmark.rca import evaluation
from benchmark.report.words import COLUMNS, INTRODUCTION, RECOVERY
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell
from benchmark.stats.intervals import wilson
from benchmark.tables.text import latex, markdown, readable

AVERAGED = (
    "rca_fresh",
    "rca_joint",
    "top5",
    "shift_error",
    "max_cosine",
    "effective_rank",
    "collapse",
)
OF_A_SEED = (  # what a cell's row shows in any case, empty where the cell failed
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
    table = rca_table(rows)
    text, bold = readable(table), clear_winners(table)
    write_csv(table, run / "rca.csv")
    write_text(page(rows, markdown(text, bold)), run / "rca.md")
    write_text(latex(text, bold), run / "rca.tex")
    write_csv(seed_table([cell for r in rows for cell in r.cells]), run / "seeds.csv")
    write_csv(direction_table(rows), run / "directions.csv")


def rca_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """The main table: a row per generator and method, the columns of COLUMNS."""
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
    """95% interval of the mean of `shares`, one a seed, each of counts trials; inside [0, 1].

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
    """A row per cell, done or failed."""
    return pd.DataFrame([seed_row(cell) for cell in cells])


def seed_row(stored: StoredCell) -> dict[str, Any]:
    """One cell: what it is, its figures, and the seconds of each phase."""
    result = stored.result
    figures = {name: v for name, v in result.metrics.items() if not isinstance(v, dict)}
    figures = {**dict.fromkeys(OF_A_SEED, nan), **figures}
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
    """A row per direction of each done cell: accuracy with 95% Wilson interval, and collapse."""
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


def page(rows: Sequence[Replicates], table: str) -> str:
    """rca.md: the table, what its columns mean, and the recovery of directions that are known."""
    meaning = "".join(f"- `{name}`: {sentence}\n" for name, sentence in COLUMNS.items())
    text = f"# RCA\n\n{INTRODUCTION}\n\n{table}\n## Columns\n\n{meaning}"
    known = [(r, values) for r in rows if (values := recoveries(r))]
    if known:
        body = "".join(
            f"| {r.generator} | {r.method} | {np.mean(values):.2f} |\n" for r, values in known
        )
        text += f"\n## Recovery\n\n{RECOVERY}\n\n| generator | method | recovery |\n"
        text += f"| --- | --- | ---: |\n{body}"
    return text


def recoveries(replicates: Replicates) -> list[float]:
    """By seed; empty for generators whose true directions nobody knows."""
    metrics = [cell.result.metrics for cell in replicates.done]
    return [m["recovery"] for m in metrics if "recovery" in m]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """All digits, one line a row."""
    write_text(table.to_csv(index=False, lineterminator="\n"), path)


def write_text(text: str, path: Path) -> None:
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
