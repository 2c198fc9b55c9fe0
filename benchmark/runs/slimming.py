"""A copy of a run that is small enough to publish: without what only another computation needs.

Directions of most methods take some kilobytes, those that bend some megabytes a cell. Figures,
answers and settings of every cell stay, so that all tables can be made and checked. Pictures show
the lowest seed of what the main table shows: of all other cells large files go, and the stages of
their training.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.runs.replicates import headline
from benchmark.runs.results import StoredCell, read_cells, read_run

LARGE = 1 << 20  # bytes
STAGES = "evolution.safetensors"
NOT_COPIED = (".*", "*.pt", "*.part")  # leases, checkpoints, what a kill left half written


def slim(run: Path, out: Path) -> dict[Path, int]:
    """Copy `run` to the new folder `out`; the files that it leaves out, in `run`, with their bytes.

    Each is named with its SHA-256 in its cell's result, as `left_out`. Raises BenchError where
    there is no run, or `out` exists or lies in it.
    """
    cells, shown = read_cells(run), read_run(run).get("headline", {})
    if run.resolve() in out.resolve().parents:
        raise BenchError(f"{out} lies in the run; name a folder beside it for the copy")
    if out.exists():
        raise BenchError(f"{out} exists; name a new folder for the copy")
    left: dict[Path, int] = {}
    slimmer = []
    for stored in _not_painted(cells, shown):
        files = stored.result.files
        size = {name: (stored.folder / name).stat().st_size for name in files}
        gone = {name for name in files if size[name] > LARGE or name == STAGES}
        left |= {stored.folder / name: size[name] for name in gone}
        kept = {name: digest for name, digest in files.items() if name not in gone}
        hashes = {**stored.result.left_out, **{name: files[name] for name in gone}}
        slimmer.append(replace(stored.result, files=kept, left_out=hashes))
    unfinished = out.with_name(out.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a copy that was killed
    away = {path.resolve() for path in left}
    usual = shutil.ignore_patterns(*NOT_COPIED)

    def ignored(folder: str, names: list[str]) -> set[str]:
        gone = {name for name in names if (Path(folder) / name).resolve() in away}
        return {*usual(folder, names), *gone}

    shutil.copytree(run, unfinished, ignore=ignored)
    for result in slimmer:
        result.write(unfinished)
    unfinished.rename(out)
    return left


def _not_painted(
    cells: Sequence[StoredCell], shown: Mapping[str, Mapping[str, str]]
) -> list[StoredCell]:
    """The done cells that no picture shows. shown: as `headline` takes it."""
    rows = headline([c for c in cells if c.result.status == "done"], shown)
    painted = {row.first.result.cell for row in rows}
    return [c for c in cells if c.result.status == "done" and c.result.cell not in painted]
