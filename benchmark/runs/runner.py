"""Runs the grid: computes each cell that is not done, and stores what became of it.

Whatever fails on this way is the result of the cells that it concerns, and the others go on.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import part, whole_run
from benchmark.metrics.metric import Metric
from benchmark.runs.examiner import lacking
from benchmark.runs.grid import Group, Job
from benchmark.runs.lockstep import GroupRun, store_failure
from benchmark.runs.results import Cell, Result, StoredCell, read_cell


def execute(
    groups: Sequence[Group],
    run: Path,
    device: str,
    force: bool,
    metrics: Mapping[str, Metric],
    expected: Mapping[Cell, float],
) -> Iterator[Result]:
    """Compute what is not done yet, one group at a time; yields each cell's result, old or new.

    A cell that fails is stored with its reason, and the next run tries it again. A done cell that
    was not judged by all of the metrics is judged by the others, without training anything.
    expected: the seconds that each cell is likely to take, for the time left; may be empty.
    """
    with whole_run(len(expected), sum(expected.values())):
        for group in groups:
            waiting, unjudged = [], []
            for job in group.jobs:
                if force:
                    shutil.rmtree(job.cell.folder(run), ignore_errors=True)
                stored = done(job, run)
                if stored is None:
                    waiting.append(job)
                elif not lacking(stored, metrics):
                    yield stored.result
                else:
                    unjudged.append(stored)
            if not waiting and not unjudged:
                continue
            work = attempt(GroupRun, group, run, device, metrics)
            if isinstance(work, Failure):
                yield from (store_failure(job, run, device, work.reason) for job in waiting)
                yield from (unchanged(stored, work.reason) for stored in unjudged)
                continue
            for stored in unjudged:
                judged = attempt(work.examiner.again, stored)
                if isinstance(judged, Failure):
                    judged = unchanged(stored, judged.reason)
                yield judged
            seconds = sum(expected.get(job.cell, 0.0) for job in waiting)
            with part(len(waiting), seconds, work.phases(waiting)):
                yield from work.results(waiting)


def done(job: Job, run: Path) -> StoredCell | None:
    """The stored cell of the job, or None if it has not been computed."""
    stored = read_cell(job.cell.folder(run))
    return stored if stored is not None and stored.result.status == "done" else None


def unchanged(stored: StoredCell, reason: str) -> Result:
    """The result of a done cell that a new metric failed to judge; its folder keeps what it has."""
    return replace(stored.result, status="failed", reason=reason)
