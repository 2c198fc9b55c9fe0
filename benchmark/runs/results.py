"""A run's folder: one folder per cell, written whole or not at all, and checked when read.

RUN/run.json                                    the resolved settings and the command
RUN/cells/<generator>/<method>/<seed>-<hash>/   one cell
    result.json            figures, status, settings, versions; written last
    directions.safetensors the shift with its provenance
    predictions.parquet    answers of the fresh R
    predictions_joint.parquet  answers of the R that learned with A, where there is one
    curves.parquet         training curves, one row per point: phase, step, loss, ...
    evolution.safetensors  the shift after some steps, for methods that learn
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json
from benchmark.core.storage import sha256, write_atomically, write_text
from benchmark.directions.artefact import Directions
from benchmark.directions.labels import Label, fitting_labels
from benchmark.metrics import HEADLINE, HEADLINE_OF_A_DIRECTION

log = logging.getLogger("bench")


@dataclass(frozen=True)
class Cell:
    """One experiment: a generator, a method, a seed, and the hash of all settings that matter."""

    generator: str
    method: str
    seed: int
    config_hash: str

    def folder(self, run: Path) -> Path:
        return run / "cells" / self.generator / self.method / f"{self.seed}-{self.config_hash}"


@dataclass(frozen=True)
class Result:
    """The outcome of a cell.

    status: done, or failed with a reason. role: of the method, under test or a baseline; "" where
    it was not stored. config: `protocol` and `method` settings. metrics: n, k and chance, the
    figures of every metric in `measured`, and `by_direction`, lists of K by column. seconds: by
    phase (fit, fresh, evaluation). files: SHA-256 of each file beside it.
    """

    cell: Cell
    status: str
    config: Mapping[str, Any]
    reason: str = ""
    role: str = ""
    measured: Sequence[str] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, run: Path) -> None:
        """Write `result.json`; its presence says that the cell has ended."""
        write_json(self.cell.folder(run) / "result.json", asdict(self))


@dataclass(frozen=True)
class StoredCell:
    """A finished cell on disk."""

    result: Result
    folder: Path

    def directions(self) -> Directions:
        return Directions.load(self.folder / "directions.safetensors")

    def labels(self) -> tuple[Label, ...]:
        """What people said about the directions; needs no code of their shift."""
        k = int(self.result.config["protocol"]["k"])
        return fitting_labels(self.folder / "directions.safetensors", k)

    def table(self, name: str) -> pd.DataFrame | None:
        """`predictions`, `predictions_joint` or `curves`; None where the cell has none."""
        path = self.folder / f"{name}.parquet"
        return pd.read_parquet(path) if path.exists() else None

    def by_direction(self) -> pd.DataFrame:
        """One row per direction k, from 0, with all columns that the cell's metrics stored; NaN
        where a figure is not known."""
        k = int(self.result.config["protocol"]["k"])
        columns = self.result.metrics.get("by_direction", {})
        frame = pd.DataFrame(columns, index=pd.RangeIndex(k, name="k"))
        return frame.apply(pd.to_numeric)  # a column of None alone is one of NaN

    def ranking(self) -> list[tuple[int, float]]:
        """Each direction that R was asked about with its accuracy, the best first."""
        accuracy = self.by_direction().get(HEADLINE_OF_A_DIRECTION, pd.Series(dtype=float))
        ranked = accuracy.dropna().sort_values(ascending=False, kind="stable")
        return list(zip(ranked.index.tolist(), ranked.tolist(), strict=True))


def read_cell(folder: Path) -> StoredCell | None:
    """The cell in `folder` if it ended and all its files are whole, else None.

    What is damaged or cut short is named in a warning; the runner computes it again. Raises
    BenchError for a cell that an earlier version wrote, which `bench upgrade` converts.
    """
    path = folder / "result.json"
    if not path.exists():
        return None
    try:
        content = read_json(path)
        result = Result(**{**content, "cell": Cell(**content["cell"])})
        if result.status == "done" and not {HEADLINE, "n"} <= result.metrics.keys():
            raise KeyError("a done cell without its RCA")
        lists = result.metrics.get("by_direction", {}).values()
        if any(len(values) != result.metrics["k"] for values in lists):
            raise ValueError("figures of other directions than there are")
    except (BenchError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged (%s): the cell counts as not done", path, error)
        return None
    if result.status == "done" and "by_direction" not in result.metrics:
        run = folder.parents[3]
        raise BenchError(
            f"{run} was written by an earlier version; `bench upgrade {run}` converts it "
            "without computing a cell"
        )
    for file in damaged(folder, result.files):
        log.warning("%s is damaged or missing: the cell counts as not done", file)
        return None
    return StoredCell(result, folder)


def damaged(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Those of a cell's files that are missing or not what was written. files: name to SHA-256."""
    paths = {folder / name: digest for name, digest in files.items()}
    return [path for path, digest in paths.items() if not path.exists() or sha256(path) != digest]


def read_cells(run: Path) -> list[StoredCell]:
    """Every ended cell of a run, by generator, method and seed. Raises BenchError without a run."""
    if not (run / "cells").is_dir():
        raise BenchError(
            f"no run at {run}: it has no cells folder; `bench run --out {run}` fills it"
        )
    stored = (read_cell(path.parent) for path in sorted((run / "cells").glob("*/*/*/result.json")))
    return [cell for cell in stored if cell is not None]


def read_run(run: Path) -> dict[str, Any]:
    """What `run.json` says; empty where there is none or it is damaged (then with a warning).

    `headline` maps generator to method to the config hash that the main table shows; `generators`
    maps a generator's name to what `find_generator` opens it by.
    """
    path = run / "run.json"
    if not path.exists():
        return {}
    try:
        content: dict[str, Any] = read_json(path)
    except BenchError as error:
        log.warning("%s is damaged (%s) and is written anew", path, error)
        return {}
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a compressed Parquet file."""
    write_atomically(path, lambda part: table.to_parquet(part, compression="zstd", index=False))
