"""A run's folder: one folder per cell, written whole or not at all, and checked when read.

RUN/run.json                                    the resolved settings and the command
RUN/cells/<generator>/<method>/<seed>-<hash>/   one cell
    result.json            figures, status, settings, versions, and a hash of these; written last
    directions.safetensors the shift with its provenance
    predictions.parquet    answers of the fresh R
    predictions_joint.parquet  answers of the R that learned with A, where there is one
    curves.parquet         training curves, one row per point: phase, step, loss, ...
    evolution.safetensors  the shift after some steps, for methods that learn few numbers
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.json_files import SEAL, read_object, seal_holds, sealed, write_json
from benchmark.core.names import is_safe
from benchmark.core.storage import is_plain, sha256, write_atomically
from benchmark.directions.labels import Label, fitting_labels
from benchmark.metrics import HEADLINE, HEADLINE_OF_A_DIRECTION
from benchmark.runs.checking import check_description, check_result

if TYPE_CHECKING:
    from benchmark.directions.artefact import Directions

log = logging.getLogger("bench")

FRESH, JOINT = "predictions.parquet", "predictions_joint.parquet"
ANSWERS = frozenset({FRESH, JOINT})


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

    status: done, failed with a reason, or skipped with one: the generator or the terms cannot serve
    the method. role: of the method, under test or a baseline; "" where
    it was not stored. config: `protocol` and `method` settings. metrics: n, k and chance, the
    figures of every metric in `measured`, and of directions, lists of K by column: the numbers
    `by_direction`, their `words`, and `matrices`, each of columns of its own. seconds: by phase
    (fit, fresh, evaluation). passes: of G, as images, forward and backward, by phase (fit, fresh);
    a method alone would have needed as many. Earlier versions did not count them. graphs: the
    phases whose steps were CUDA graphs. files: SHA-256 of each file beside it. left_out: of files
    that a copy for publishing leaves out (`bench slim`).
    """

    cell: Cell
    status: str
    config: Mapping[str, Any]
    reason: str = ""
    role: str = ""
    measured: Sequence[str] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    passes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    device: str = ""
    graphs: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def directions_sha256(self) -> str | None:
        """The hash of the cell's directions, also where a copy leaves them out."""
        return {**self.left_out, **self.files}.get("directions.safetensors")

    def write(self, run: Path) -> None:
        """Write `result.json`; its presence says that the cell has ended."""
        write_json(self.cell.folder(run) / "result.json", sealed(asdict(self)))


@dataclass(frozen=True)
class StoredCell:
    """A finished cell on disk. Only files that its result names, with their hashes, are read."""

    result: Result
    folder: Path

    def has(self, name: str) -> bool:
        """Whether the cell left a file of this name behind, which is still there."""
        return name in self.result.files and is_plain(self.folder / name)

    def directions(self) -> Directions:
        """Raises BenchError where the cell has none."""
        # here, so that tables and figures need no torch
        from benchmark.directions.artefact import Directions

        self._need("directions.safetensors", "directions")
        return Directions.load(self.folder / "directions.safetensors")

    def answers(self) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """What the fresh R answered, and what the joint one did, where there is one.

        Raises BenchError where the cell has none.
        """
        self._need(FRESH, "answers")
        fresh = pd.read_parquet(self.folder / FRESH)
        return fresh, self.table("predictions_joint")

    def _need(self, name: str, what: str) -> None:
        if name in self.result.left_out:
            raise BenchError(
                f"the {what} of seed {self.result.cell.seed} were left out of this copy"
            )
        if not self.has(name):
            raise BenchError(f"{self.folder} names no {what} among its files")

    def labels(self) -> tuple[Label, ...]:
        """What people said about the directions; needs no code of their shift."""
        k = int(self.result.config["protocol"]["k"])
        return fitting_labels(self.folder / "directions.safetensors", k)

    def table(self, name: str) -> pd.DataFrame | None:
        """`predictions`, `predictions_joint` or `curves`; None where the cell has none."""
        if not self.has(f"{name}.parquet"):
            return None
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def by_direction(self) -> pd.DataFrame:
        """One row per direction k, from 0, with all columns that the cell's metrics stored; NaN
        where a figure is not known."""
        k = int(self.result.config["protocol"]["k"])
        columns = self.result.metrics.get("by_direction", {})
        frame = pd.DataFrame(columns, index=pd.RangeIndex(k, name="k"))
        unknown = [name for name in frame if frame[name].dtype == object]  # columns of None alone
        return frame.astype(dict.fromkeys(unknown, float))

    def words(self) -> pd.DataFrame:
        """One row per direction k, with the columns in which metrics say something in words."""
        k = int(self.result.config["protocol"]["k"])
        index = pd.RangeIndex(k, name="k")
        return pd.DataFrame(self.result.metrics.get("words", {}), index=index, dtype=object)

    def matrix(self, name: str) -> pd.DataFrame:
        """One row per direction k, with the columns of a matrix that a metric stored; none where no
        metric did."""
        k = int(self.result.config["protocol"]["k"])
        columns = self.result.metrics.get("matrices", {}).get(name, {})
        return pd.DataFrame(columns, index=pd.RangeIndex(k, name="k")).apply(pd.to_numeric)

    def ranking(self) -> list[tuple[int, float]]:
        """Each direction that R was asked about with its accuracy, the best first."""
        accuracy = self.by_direction().get(HEADLINE_OF_A_DIRECTION, pd.Series(dtype=float))
        ranked = accuracy.dropna().sort_values(ascending=False, kind="stable")
        return list(zip(ranked.index.tolist(), ranked.tolist(), strict=True))


class Outdated(BenchError):
    """A cell that an earlier version wrote, without a hash of its figures."""


def read_cell(folder: Path) -> StoredCell | None:
    """The cell in `folder` if it ended and all of it is as it was written, else None.

    What is damaged, cut short, edited or not named like its folder is named in a warning; the
    runner computes it again. Raises Outdated for a cell that an earlier version wrote, which
    `bench upgrade` converts.
    """
    path = folder / "result.json"
    if not path.exists() and not path.is_symlink():
        return None
    try:
        content = read_object(path)
        if SEAL not in content:
            raise _outdated(folder.parents[3])
        if not seal_holds(content):
            raise ValueError("its content is not what was written")
        del content[SEAL]
        check_result(content, folder)
        result = Result(**{**content, "cell": Cell(**content["cell"])})
        if result.status == "done" and not {HEADLINE, "n", "k"} <= result.metrics.keys():
            raise KeyError("a done cell without its RCA")
    except Outdated:
        raise
    except (BenchError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("%s is damaged (%s): the cell counts as not done", path, error)
        return None
    for file in damaged(folder, result.files):
        log.warning("%s is damaged or missing: the cell counts as not done", file)
        return None
    return StoredCell(result, folder)


def _outdated(run: Path) -> Outdated:
    return Outdated(
        f"{run} was written by an earlier version; `bench upgrade {run}` converts it "
        "without computing a cell"
    )


def damaged(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Those of a cell's files that are missing or not what was written. files: name to SHA-256."""
    return [
        folder / name
        for name, digest in files.items()
        if not is_safe(name) or not is_plain(folder / name) or sha256(folder / name) != digest
    ]


def read_cells(run: Path) -> list[StoredCell]:
    """Every ended cell of a run, by generator, method and seed.

    Cells of an earlier version are left out with a warning. Raises BenchError without a run, and
    where an earlier version wrote all of it.
    """
    if not (run / "cells").is_dir():
        inside = sorted(str(path.parent) for path in run.glob("*/cells") if path.is_dir())
        some = ", ".join(inside[:5]) + (", ..." if len(inside) > 5 else "")
        hint = f"runs in it: {some}" if some else f"`bench run --out {run}` fills it"
        raise BenchError(f"no run at {run}: it has no cells folder; {hint}")
    found, outdated = [], []
    for path in sorted((run / "cells").glob("*/*/*/result.json")):
        if not all(map(is_safe, path.parts[-4:-1])):
            log.warning("left out is a cell in a folder called %r", "/".join(path.parts[-4:-1]))
            continue
        try:
            found.append(read_cell(path.parent))
        except Outdated as error:
            outdated.append((path, error))
    if outdated and not any(found):
        raise outdated[0][1]
    for path, reason in outdated:
        log.warning("left out is %s: %s", path, reason)
    return [cell for cell in found if cell is not None]


def read_run(run: Path) -> dict[str, Any]:
    """What `run.json` says; empty where there is none or it is damaged (then with a warning).

    `headline` maps generator to method to the config hash that the main table shows; `generators`
    maps a generator's name to what `find_generator` opens it by. What is of another type than it
    should be is left out, with a warning.
    """
    path = run / "run.json"
    if not path.exists() and not path.is_symlink():
        return {}
    try:
        content = read_object(path)
    except BenchError as error:
        log.warning("%s is damaged (%s) and is written anew", path, error)
        return {}
    wrong = check_description(content)
    for key in wrong:
        log.warning("%s is damaged: what it says of %s is left out", path, key)
    return {key: value for key, value in content.items() if key not in wrong}


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a compressed Parquet file.

    Measured numbers hardly repeat, so that a dictionary of them would add a third to their size.
    """
    repeating = [column for column in table if table[column].dtype.kind != "f"]
    write_atomically(
        path,
        lambda part: table.to_parquet(
            part, compression="zstd", index=False, use_dictionary=repeating
        ),
    )
