"""The tables of a run: rca.csv, .md and .tex, and seeds.csv and directions.csv behind them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from benchmark.metrics import HEADLINE, HEADLINE_OF_A_DIRECTION
from benchmark.metrics.measures import Measures
from benchmark.report.tables.fairness import unfair
from benchmark.report.words import (
    FACTS,
    INTRODUCTION,
    MORE_METRICS,
    OF_A_DIRECTION,
    OF_A_SEED,
    PLACE,
)
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import Result, StoredCell
from benchmark.stats.intervals import wilson
from benchmark.tables.table import HIGH, LOW, Column, Table
from benchmark.tables.writing import write_csv, write_table

ENDS = (HEADLINE + LOW, HEADLINE + HIGH)  # of its interval
PHASE = Column("Seconds of this phase.", "seconds")
BEFORE_JUDGING = ("fit", "fresh")  # the phases whose passes of G are counted


def write_tables(
    rows: Sequence[Replicates],
    measures: Measures,
    run: Path,
    ahead: Collection[tuple[str, str]] = (),
) -> None:
    """Write rca.csv, rca.md, rca.tex, the same of metrics, seeds.csv and directions.csv into `run`.

    ahead: generator and method of the rows whose headline stands out.
    """
    frame = rca_table(rows, measures)
    bold = [(i, HEADLINE) for i, r in enumerate(rows) if (r.generator, r.method) in ahead]
    columns, notes = rca_columns(measures), unknown_figures(rows, measures, measures.of_main)
    apart = unfair([r for r in rows if r.done])
    notes += [f"Nothing is bold on {generator}: {why}." for generator, why in apart.items()]
    table = Table("rca", "RCA", frame, columns, tuple(notes), INTRODUCTION, bold=bold)
    write_table(table, run)
    if more := metrics_table(rows, measures):
        write_table(more, run)
    cells = [cell for r in rows for cell in r.cells]
    seeds = with_passes(seed_table(cells, measures), cells)
    write_csv(Table("seeds", "Every run", seeds, seed_columns(seeds, measures)), run / "seeds.csv")
    directions = direction_table(rows, measures)
    columns = {**OF_A_DIRECTION, **measures.direction}
    table = Table("directions", "Every direction", directions, columns)
    write_csv(table, run / "directions.csv")


def rca_columns(measures: Measures) -> dict[str, Column]:
    """What each column of the main table means, in order."""
    return {**PLACE, **_figures(measures, {*measures.of_main, *ENDS}), **FACTS}


def _figures(measures: Measures, shown: Collection[str]) -> dict[str, Column]:
    return {
        name: replace(column, optional=name != HEADLINE)  # a metric applies to some cells only
        for name, column in measures.cell.items()
        if name in shown
    }


def rca_table(rows: Sequence[Replicates], measures: Measures) -> pd.DataFrame:
    """The main table: one row per generator and method. What no row knows is left out."""
    columns = list(rca_columns(measures))
    return known(pd.DataFrame([rca_row(r, measures) for r in rows], columns=columns), measures)


def rca_row(replicates: Replicates, measures: Measures) -> dict[str, Any]:
    """Means over the done seeds; NaN where none is done, or one of them does not know."""
    results = [cell.result for cell in replicates.done]
    values = {
        name: np.array([figure(result.metrics.get(name)) for result in results])
        for name in measures.of_rows
    }
    counts = np.array([result.metrics["n"] for result in results], dtype=int)
    low, high = interval(values[HEADLINE], counts)
    return {
        "generator": replicates.generator,
        "method": replicates.method,
        **{name: float(v.mean()) if len(v) else nan for name, v in values.items()},
        **dict(zip(ENDS, (low, high), strict=True)),
        "k": replicates.k,
        "chance": 1.0 / replicates.k,
        "n": int(counts.sum()),
        "seeds": len(results),
        "seconds": sum(sum(result.seconds.values()) for result in results),
        "passes": sum(passes(result, "forward") for result in results),
        "backward": sum(passes(result, "backward") for result in results),
        "status": replicates.status(),
    }


def passes(result: Result, way: str) -> float:
    """Images that went through G `forward`, or `backward`, in all phases before judging; NaN where
    an earlier version had a part in them, which did not count."""
    return sum(result.passes.get(phase, {}).get(way, nan) for phase in BEFORE_JUDGING)


def metrics_table(rows: Sequence[Replicates], measures: Measures) -> Table | None:
    """The figures that stand aside of the main table, in the same rows; None without any."""
    aside = [name for name in measures.of_rows if measures.cell[name].aside]
    columns = {**PLACE, **_figures(measures, aside), "seeds": FACTS["seeds"]}
    lines = [rca_row(r, measures) for r in rows if r.done]
    frame = known(pd.DataFrame(lines, columns=list(columns)), measures)
    if not {*aside} & {*frame}:
        return None
    notes = tuple(unknown_figures(rows, measures, aside))
    return Table("metrics", "More metrics", frame, columns, notes, introduction=MORE_METRICS)


def figure(stored: float | None) -> float:
    """A figure as tables hold it: NaN where it is not known."""
    return nan if stored is None else stored


def known(table: pd.DataFrame, measures: Measures) -> pd.DataFrame:
    """The table without those columns of metrics that no row fills; the headline always stays."""
    optional = [name for name in measures.cell if name in table and name not in (HEADLINE, *ENDS)]
    return table.drop(columns=[name for name in optional if table[name].isna().all()])


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


def unknown_figures(
    rows: Sequence[Replicates], measures: Measures, shown: Sequence[str]
) -> list[str]:
    """A sentence for each of the columns that was computed and came out as no number."""
    notes = []
    for name in shown:
        places = [
            f"{r.method} on {r.generator}"
            for r in rows
            if any(name in c.result.metrics and c.result.metrics[name] is None for c in r.done)
        ]
        if places:
            notes.append(
                f"`{name}` is empty for {', '.join(places)}: it was measured there, and came out "
                "as no finite number, as where all images are alike or no shift is long enough."
            )
    return notes


def seed_table(cells: Sequence[StoredCell], measures: Measures) -> pd.DataFrame:
    """One row per cell, whatever became of it. What no cell knows is left out."""
    frame = pd.DataFrame([seed_row(cell, measures) for cell in cells])
    last = frame.pop("status")
    return known(frame.assign(status=last), measures)  # after the seconds of all phases


def seed_row(stored: StoredCell, measures: Measures) -> dict[str, Any]:
    """One cell: what it is, its figures, and the seconds of each phase."""
    result = stored.result
    k = int(result.config["protocol"]["k"])
    return {
        "generator": result.cell.generator,
        "method": result.cell.method,
        "seed": result.cell.seed,
        "config_hash": result.cell.config_hash,
        **{name: figure(result.metrics.get(name)) for name in measures.cell},
        "k": k,
        "chance": 1.0 / k,
        "n": result.metrics.get("n", 0),
        **{f"seconds_{phase}": seconds for phase, seconds in result.seconds.items()},
        "status": f"{result.status}: {result.reason}" if result.reason else result.status,
    }


def with_passes(seeds: pd.DataFrame, cells: Sequence[StoredCell]) -> pd.DataFrame:
    """The table of these cells and the passes of G of each phase; empty where they were not
    counted, and without their columns where none of the cells has them."""
    counts = pd.DataFrame(
        {
            f"{name}_{phase}": [cell.result.passes.get(phase, {}).get(way) for cell in cells]
            for name, way in (("passes", "forward"), ("backward", "backward"))
            for phase in BEFORE_JUDGING
        }
    ).dropna(axis="columns", how="all")
    return pd.concat([seeds.drop(columns="status"), counts, seeds["status"]], axis=1)


def seed_columns(seeds: pd.DataFrame, measures: Measures) -> dict[str, Column]:
    """What each column of the table of cells means."""
    meaning = {**PLACE, **OF_A_SEED, **measures.cell, **FACTS}
    return {name: meaning.get(name, PHASE) for name in map(str, seeds)}


def known_of_directions(stored: StoredCell) -> pd.DataFrame:
    """One row per direction, with its figures and what is said of it in words."""
    figures, words = stored.by_direction(), stored.words()
    return figures.join(words[[name for name in words if name not in figures]])


def direction_table(rows: Sequence[Replicates], measures: Measures) -> pd.DataFrame:
    """One row per direction of each done cell, with all that was measured of it."""
    place, figures = ["generator", "method", "seed", "k"], list(measures.direction)
    parts = [
        known_of_directions(stored)
        .reindex(columns=figures)
        .assign(generator=r.generator, method=r.method, seed=stored.result.cell.seed)
        .reset_index()[[*place, *figures]]
        for r in rows
        for stored in r.done
    ]
    table = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*place, *figures])
    )
    empty = [name for name in figures if table[name].isna().all()]
    return table.drop(columns=[name for name in empty if name != HEADLINE_OF_A_DIRECTION])
