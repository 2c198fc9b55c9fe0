"""Bring the folder of a run that an earlier version wrote to today's form. Computes no cell.

Earlier, a cell said nothing of its method's role, nor by which metrics it had been judged, and of
its directions only what `collapse_by_direction` held; what their accuracies are follows from the
stored answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json
from benchmark.metrics import HEADLINE, METRICS
from benchmark.metrics.accuracy import direction_table
from benchmark.runs.meanings import note_measures
from benchmark.runs.results import Result, damaged, write_json

OF_DIRECTIONS = {"collapse_by_direction": "collapse"}  # what it was called, and is
ALWAYS = ("accuracy", "redundancy", "collapse")  # the metrics of every cell
KNOWN = "recovery"  # a metric that was asked for in every cell, and stored where it applied


@dataclass(frozen=True)
class Upgraded:
    """brought: files that were written anew. left: files in today's form. damaged: what was left as
    it is, and why."""

    brought: tuple[Path, ...]
    left: tuple[Path, ...]
    damaged: Mapping[Path, str]


def upgrade(run: Path, roles: Mapping[str, str]) -> Upgraded:
    """Rewrite each result.json and run.json that is not in today's form; a second call changes
    nothing, and content that this version does not know stays.

    roles: `method` or `baseline`, by name of a method. Raises BenchError where there is no run.
    """
    if not (run / "cells").is_dir():
        raise BenchError(f"no run at {run}: it has no cells folder")
    brought: list[Path] = []
    left: list[Path] = []
    bad: dict[Path, str] = {}
    for path in sorted((run / "cells").glob("*/*/*/result.json")):
        try:
            content = read_json(path)
            today = _today(content, path.parent, roles)
        except (BenchError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            bad[path] = f"{type(error).__name__}: {error}"
            continue
        changed = list(today) != list(content) or today != content
        if changed:
            write_json(path, today)
        (brought if changed else left).append(path)
    _describe(run / "run.json", brought, left, bad)
    return Upgraded(tuple(brought), tuple(left), bad)


def _today(content: dict[str, Any], folder: Path, roles: Mapping[str, str]) -> dict[str, Any]:
    """A cell's result as this version writes it. Raises ValueError or KeyError if it is damaged."""
    method, done = content["cell"]["method"], content["status"] == "done"
    measured: list[str] = []
    metrics = dict(content["metrics"])
    if done:
        if not {HEADLINE, "n", "k"} <= metrics.keys():
            raise KeyError("a done cell without its RCA")
        for file in damaged(folder, content["files"]):
            raise ValueError(f"{file.name} is damaged or missing")
        if "by_direction" not in metrics:
            metrics = _metrics(metrics, pd.read_parquet(folder / "predictions.parquet"))
        measured = _measured(metrics)
    found = {"role": roles.get(method, ""), "measured": measured} | content
    found["metrics"] = metrics
    known = [one.name for one in fields(Result) if one.name in found]
    return {name: found[name] for name in [*known, *(n for n in found if n not in known)]}


def _metrics(before: Mapping[str, Any], predictions: pd.DataFrame) -> dict[str, Any]:
    """The figures with those of each direction together, and null where one is not known."""
    by_direction = direction_table(predictions, before["k"]).to_dict("list")
    by_direction |= {new: before[old] for old, new in OF_DIRECTIONS.items() if old in before}
    figures = {name: _known(v) for name, v in before.items() if name not in OF_DIRECTIONS}
    columns = {str(name): [_known(v) for v in values] for name, values in by_direction.items()}
    return {**figures, "by_direction": columns}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _measured(metrics: Mapping[str, Any]) -> list[str]:
    """Names of the metrics whose columns are all there. If all of ALWAYS are there, KNOWN counts
    too: without columns it was asked for and did not apply."""
    found = [
        name
        for name in ALWAYS
        if METRICS[name].columns.keys() <= metrics.keys()
        and METRICS[name].direction_columns.keys() <= metrics["by_direction"].keys()
    ]
    return [*found, KNOWN] if len(found) == len(ALWAYS) else found


def _describe(path: Path, brought: list[Path], left: list[Path], bad: dict[Path, str]) -> None:
    """Write into run.json what the columns mean, if there is one."""
    if not path.exists():
        return
    before = path.read_bytes()
    try:
        read_json(path)
    except BenchError as error:
        bad[path] = f"{type(error).__name__}: {error}"
        return
    note_measures(path.parent, METRICS)
    (left if path.read_bytes() == before else brought).append(path)
