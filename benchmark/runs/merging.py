"""Several runs as one, so that what different people and machines computed stands in one table.

Side by side stands only what is on equal terms: the same generator by the hash of its weights, its
code and options, under the same protocol. Anything else is kept apart under a name that says which
run it is of, and a sentence says why.
"""

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.core.device import versions
from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.core.json_files import write_json
from benchmark.core.names import is_safe
from benchmark.directions.labels import bring_labels
from benchmark.runs.replicates import check_single, headline, is_shown
from benchmark.runs.results import FRESH, Cell, Result, StoredCell, read_cells, read_run

JOINED = "bench compare"  # the command that run.json names


@dataclass
class Merged:
    """What becomes of the runs. notes: what could not stand side by side, and why, a line each."""

    headline: dict[str, dict[str, str]] = field(default_factory=dict)
    generators: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    results: dict[Cell, Result] = field(default_factory=dict)
    terms: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)  # see _name_of
    settings: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = field(default_factory=dict)


def merge(runs: Sequence[Path], out: Path) -> list[str]:
    """Write the main tables' cells of `runs` into the new run `out`; returns the notes.

    `out` appears whole or not at all. Raises BenchError where there is no run, or `out` is there
    already.
    """
    if os.path.lexists(out):
        raise BenchError(f"{out} exists already; give another folder or remove it first")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    merged, described = Merged(), [read_run(run) for run in runs]
    labels = _labels(runs)
    try:
        for run, label, description in zip(runs, labels, described, strict=True):
            cells, shown = read_cells(run), description.get("headline", {})
            check_single(rows := headline(cells, shown), rows, str(run))
            for stored in cells:
                if not shown or is_shown(stored.result.cell, shown):
                    _add(merged, stored, label, description, part)
        if not merged.results:
            raise BenchError("these runs show no cell that has ended")
        write_json(part / "run.json", _description(merged, described))
        part.replace(out)
    except OSError as error:
        raise BenchError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return merged.notes


def _labels(runs: Sequence[Path]) -> list[str]:
    """A name for each run that can be a part of a generator's name: its folder's, or a number.

    Where a folder is called like the number of another run, all are numbered.
    """
    names, numbers = [run.resolve().name for run in runs], [f"run{i + 1}" for i in range(len(runs))]
    labels = [
        name if names.count(name) == 1 and is_safe(f"x-{name}") else number
        for name, number in zip(names, numbers, strict=True)
    ]
    return labels if len({*labels}) == len(labels) else numbers


def _terms(result: Result) -> dict[str, Any]:
    """All that must be equal for two cells to compare, whatever their methods."""
    config = result.config
    return {
        "weights": config["generator_hash"],
        "code": config.get("code", {}).get("generator", ""),
        **{f"option {name}": value for name, value in config.get("generator", {}).items()},
        **config["protocol"],
    }


def _settings(result: Result) -> dict[str, Any]:
    """What else makes two cells of one method the same."""
    config = result.config
    return {"code": config.get("code", {}).get("method", ""), **config["method"]}


def _add(
    merged: Merged, stored: StoredCell, label: str, description: Mapping[str, Any], out: Path
) -> None:
    """Take one cell over, under a name of its own where it does not compare."""
    result = stored.result
    cell = result.cell
    named = merged.terms.setdefault(cell.generator, {})
    all_names = {name for names in merged.terms.values() for name in names}
    name = _name_of(merged, named, all_names, cell.generator, label, _terms(result))
    merged.generators[name] = description.get("generators", {}).get(cell.generator, cell.generator)
    named = merged.settings.setdefault((name, cell.method), {})
    of_generator = merged.headline.setdefault(name, {})
    method = _name_of(merged, named, of_generator, cell.method, label, _settings(result))
    of_generator[method] = cell.config_hash
    taken = replace(result, cell=replace(cell, generator=name, method=method))
    before = merged.results.get(taken.cell)
    if before is not None and before.status == "done":
        where = f"{method} on {name}, seed {cell.seed}"
        if result.status != "done":
            _note(merged, f"{where}: {result.status} in {label}, and done in another run")
        elif before.files.get(FRESH) != result.files.get(FRESH):
            _note(merged, f"{where}: {label} has other answers than the first run, whose count")
            return
        elif before.left_out and not result.left_out:  # what a slim copy lacks is taken over below
            taken = _with_measures(taken, before)
        if result.status != "done" or not before.left_out or result.left_out:
            kept = _with_measures(before, result) if result.status == "done" else before
            if kept is not before:
                merged.results[taken.cell] = kept
                kept.write(out)
            _take_labels(merged, stored, kept, out)
            return
    merged.results[taken.cell] = taken
    folder = taken.cell.folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    for file in result.files:
        shutil.copyfile(stored.folder / file, folder / file)
    taken.write(out)
    _take_labels(merged, stored, taken, out)


def _with_measures(kept: Result, other: Result) -> Result:
    """The result with what only the other has measured of the same answers."""
    more = [name for name in other.measured if name not in kept.measured]
    if not more:
        return kept
    metrics = {**other.metrics, **kept.metrics}
    for part in ("by_direction", "words", "matrices"):
        if part in metrics:
            metrics[part] = {**other.metrics.get(part, {}), **kept.metrics.get(part, {})}
    return replace(kept, measured=[*kept.measured, *more], metrics=metrics)


def _name_of(
    merged: Merged,
    named: dict[str, Mapping[str, Any]],
    taken: Collection[str],
    own: str,
    label: str,
    terms: Mapping[str, Any],
) -> str:
    """The name under which something stands that is called `own` in the run `label`: that of an
    earlier run's of equal terms, else its own, else one of its own and its run's. Raises BenchError
    where that is taken, too.

    named: terms by name, of all that were called `own`, to be added to. taken: all names.
    """
    for name, those in named.items():
        if those == terms:
            return name
    name = f"{own}-{label}" if own in taken else own
    if name in taken:
        raise BenchError(f"{label} has {own} on other terms, and there is a {name} already")
    if name != own:
        first = next(iter(named.values()), None)
        unequal = "the name is taken" if first is None else _difference(first, terms)
        _note(merged, f"{own} of {label} is kept apart as {name}: {unequal}")
    named[name] = terms
    return name


def _take_labels(merged: Merged, stored: StoredCell, taken: Result, out: Path) -> None:
    """What people said of a cell's directions, of which no result knows, comes beside the same
    directions in `out`; a damaged file of labels stays behind, and a note says so."""
    name = "directions.safetensors"
    if name not in taken.files or taken.files[name] != stored.result.files.get(name):
        return
    found = attempt(bring_labels, taken.cell.folder(out) / name, stored.folder / name)
    if isinstance(found, Failure):
        _note(merged, f"what people said of {stored.folder} is left out: {found.reason}")


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
    return ", ".join(f"{key} {_short(ours.get(key))} and {_short(theirs.get(key))}" for key in keys)


def _short(value: Any) -> str:
    return str(value)[:10] if isinstance(value, str) else str(value)


def _note(merged: Merged, words: str) -> None:
    if words not in merged.notes:
        merged.notes.append(words)


def _description(merged: Merged, described: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A run.json for the whole; what the runs say alike stays, the rest would be wrong."""
    same = {
        key: described[0][key]
        for key in ("preset", "defaults", "settings")
        if key in described[0] and all(one.get(key) == described[0][key] for one in described)
    }
    columns: dict[str, dict[str, Any]] = {}
    for one in reversed(described):
        for kind, known in one.get("columns", {}).items():
            columns[kind] = {**columns.get(kind, {}), **known}
    seeds = sorted({cell.seed for cell in merged.results})
    return {
        "command": JOINED,
        **same,
        "seeds": seeds,
        "generators": merged.generators,
        "headline": merged.headline,
        "columns": columns,
        "versions": versions(),
    }
