"""Bring the folder of a run that an earlier version wrote to today's form. Computes no cell.

Earlier, a cell said nothing of its method's role, nor by which metrics it had been judged, and of
its directions only what `collapse_by_direction` held; what their accuracies are follows from the
stored answers. Nor did a hash say that its figures are those that were written, so those that
follow from the stored answers are computed from them and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.json_files import SEAL, as_json, read_object, seal_holds, sealed, write_json
from benchmark.metrics import HEADLINE, METRICS
from benchmark.metrics.accuracy import direction_table, figures_of
from benchmark.runs.checking import check_result
from benchmark.runs.meanings import note_measures
from benchmark.runs.results import ANSWERS, FRESH, JOINT, Result, damaged

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
            content = read_object(path)
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
    if SEAL in content and not seal_holds(content):
        raise ValueError("its content is not what was written")
    method, done = content["cell"]["method"], content["status"] == "done"
    measured: list[str] = []
    metrics = dict(content["metrics"])
    if done:
        if not {HEADLINE, "n", "k"} <= metrics.keys():
            raise KeyError("a done cell without its RCA")
        for file in damaged(folder, content["files"]):
            raise ValueError(f"{file.name} is damaged or missing")
        if "by_direction" not in metrics:
            metrics = _metrics(metrics, pd.read_parquet(folder / FRESH))
        if SEAL not in content:
            _compare(metrics, folder, content["files"])
        measured = _measured(metrics)
    found = {"role": roles.get(method, ""), "measured": measured} | content
    found["metrics"] = metrics
    known = [one.name for one in fields(Result) if one.name in found]
    today = sealed({n: found[n] for n in [*known, *(n for n in found if n not in known)]})
    check_result(today, folder)
    return today


def _compare(metrics: Mapping[str, Any], folder: Path, files: Mapping[str, str]) -> None:
    """Raise ValueError where a figure is not what the stored answers say."""
    answers = {name: pd.read_parquet(folder / name) for name in files if name in ANSWERS}
    fresh = answers[FRESH]
    expected: dict[str, Any] = figures_of(fresh, answers.get(JOINT))
    expected |= {"n": len(fresh), "chance": 1.0 / metrics["k"]}
    by_direction = direction_table(fresh, metrics["k"]).to_dict("list")
    for name, value in expected.items():
        if name in metrics and not _equal([metrics[name]], [value]):
            raise ValueError(f"its {name} is {metrics[name]}, and its answers say {value:.6g}")
    for column, values in by_direction.items():
        found = metrics["by_direction"].get(column)
        if found is not None and not _equal(found, values):
            raise ValueError(f"its answers say another {column} of its directions")


def _equal(stored: Sequence[float | None], expected: Sequence[float]) -> bool:
    """Whether the figures are the same but for rounding; None stands for no number."""
    numbers = [nan if value is None else float(value) for value in stored]
    wanted = [float(value) for value in expected]
    return len(numbers) == len(wanted) and bool(
        np.allclose(numbers, wanted, rtol=1e-5, atol=1e-9, equal_nan=True)
    )


def _metrics(before: Mapping[str, Any], predictions: pd.DataFrame) -> dict[str, Any]:
    """The figures with those of each direction together, and null where one is not known."""
    by_direction = direction_table(predictions, before["k"]).to_dict("list")
    by_direction |= {new: before[old] for old, new in OF_DIRECTIONS.items() if old in before}
    figures = {name: value for name, value in before.items() if name not in OF_DIRECTIONS}
    metrics: dict[str, Any] = as_json({**figures, "by_direction": by_direction})
    return metrics


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
        read_object(path)
    except BenchError as error:
        bad[path] = f"{type(error).__name__}: {error}"
        return
    note_measures(path.parent, METRICS)
    (left if path.read_bytes() == before else brought).append(path)
