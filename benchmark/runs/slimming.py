"""A copy of a run that is small enough to publish: without what only another computation needs.

Directions of most methods take some kilobytes, those that bend some megabytes a cell. Figures and
settings of every cell stay, so that all tables can be made, and the answers of R behind the main
one, so that it can be checked. Pictures show the lowest seed of what the main table shows: of all
other cells large directions go, and the stages of their training. Of cells beside that table, as
an ablation has them, the answers go, too.
"""

import shutil
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.core.storage import is_plain
from benchmark.runs.replicates import headline
from benchmark.runs.results import ANSWERS, read_cells, read_run

LARGE = 1 << 20  # bytes
DIRECTIONS, STAGES = "directions.safetensors", "evolution.safetensors"
UNDER_WAY = shutil.ignore_patterns(".lease*", ".units", ".*.part")
CHECKPOINTS = shutil.ignore_patterns("*.pt")


def slim(run: Path, out: Path) -> dict[Path, int]:
    """Copy `run` to the new folder `out`; the files that it leaves out, in `run`, with their bytes.

    Each is named with its SHA-256 in its cell's result, as `left_out`. Links are not followed, and
    left out, too. Raises BenchError where there is no run, `out` exists or lies in it, or the copy
    cannot be written.
    """
    cells, shown = read_cells(run), read_run(run).get("headline", {})
    if run.resolve() in out.resolve().parents:
        raise BenchError(f"{out} lies in the run; name a folder beside it for the copy")
    if out.exists():
        raise BenchError(f"{out} exists; name a new folder for the copy")
    left: dict[Path, int] = {}
    done = [stored for stored in cells if stored.result.status == "done"]
    rows = headline(done, shown)
    painted = {row.first.result.cell for row in rows}
    of_table = {stored.result.cell for row in rows for stored in row.done}
    slimmer = []
    for stored in done:
        cell, files = stored.result.cell, stored.result.files
        size = {name: (stored.folder / name).stat().st_size for name in files}
        gone: set[str] = set()
        if cell not in painted:
            gone |= {n for n in files if n == STAGES or (n == DIRECTIONS and size[n] > LARGE)}
        if cell not in of_table:
            gone |= files.keys() & ANSWERS
        if not gone:
            continue
        left |= {stored.folder / name: size[name] for name in gone}
        kept = {name: digest for name, digest in files.items() if name not in gone}
        hashes = {**stored.result.left_out, **{name: files[name] for name in gone}}
        slimmer.append(replace(stored.result, files=kept, left_out=hashes))
    part = out.with_name(f".{out.name}.part")
    if part.resolve() == run.resolve():
        raise BenchError(f"{run} is called as an unfinished copy of {out}; give it another name")
    shutil.rmtree(part, ignore_errors=True)  # of a command that was killed
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(run, part, ignore=_ignoring(run, left))
        for result in slimmer:
            result.write(part)
        part.rename(out)
    except shutil.Error as error:  # a reason for each file
        raise BenchError(f"{out} cannot be written: {error.args[0][0][2]}") from error
    except OSError as error:
        raise BenchError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return left


def _ignoring(run: Path, left: Collection[Path]) -> Callable[[str, list[str]], set[str]]:
    """What `copytree` asks in each folder: which of its names stay behind."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        stay = {n for n in names if here / n in left or not _can_be_copied(here / n)}
        if run / "cells" in (here, *here.parents):
            stay |= CHECKPOINTS(folder, names)
        return stay | UNDER_WAY(folder, names)

    return ignored


def _can_be_copied(path: Path) -> bool:
    """Whether it is a plain file or a folder: a link of a foreign run may lead anywhere."""
    return is_plain(path) or (path.is_dir() and not path.is_symlink())
