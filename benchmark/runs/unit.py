"""The unit of work: the cells of one group that are not done, computed by one process at a time.

Cells of a group train in lockstep, so they stay together. A unit has a lease of its own: a worker
that outlived the command that started it never computes a cell beside, or after, another one.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import phase
from benchmark.metrics.metric import Metric
from benchmark.runs.examiner import lacking
from benchmark.runs.grid import Group, Job
from benchmark.runs.lease import InUse, Lease, hold
from benchmark.runs.lockstep import GroupRun, store_failure
from benchmark.runs.results import Cell, Result, StoredCell, read_cell
from benchmark.runs.settings import content_hash, terms_of

UNITS = ".units"  # the folder of leases in a run's folder
PATIENCE = 1.0  # seconds between looks at a unit that another process computes


def compute(
    group: Group, run: Path, device: str, metrics: Mapping[str, Metric]
) -> Iterator[Result]:
    """The results of the group's cells; computes those that are not done and have not failed.

    A done cell that was not judged by all of the metrics is judged by the others, without training
    anything. Waits while another process computes the unit, and then takes what that has done.
    """
    with unit_lease(group, run) as lease:
        waiting, unjudged = [], []
        for job in group.jobs:
            stored = done(job, run)
            if stored is None:
                waiting.append(job)
            elif lacking(stored, metrics):
                unjudged.append(stored)
            else:
                yield stored.result
        if not waiting and not unjudged:
            return
        work = attempt(GroupRun, group, run, device, metrics)
        if isinstance(work, Failure):
            yield from (store_failure(job, run, device, work.reason) for job in waiting)
            yield from (unchanged(stored, work.reason) for stored in unjudged)
            return
        for stored in unjudged:
            judged = attempt(work.examiner.again, stored)
            if isinstance(judged, Failure):
                judged = unchanged(stored, judged.reason)
            yield judged
        for result in work.results(waiting):
            yield result
            lease.check()  # before the next one is judged and written


@contextlib.contextmanager
def unit_lease(group: Group, run: Path, wait: bool = True) -> Iterator[Lease]:
    """Hold the unit while entered. wait: until no other process does; else raises InUse."""
    with contextlib.ExitStack() as stack:
        path = run / UNITS / f"{unit_name(group)}.json"
        try:
            lease = stack.enter_context(hold(path, f"{run}: {group.label}"))
        except InUse:
            if not wait:
                raise
            with phase(f"{group.label}: waiting for another process"):
                lease = _taken(stack, path, f"{run}: {group.label}")
        yield lease


def unit_name(group: Group) -> str:
    """A file's name for the unit: the same for all groups that may have a cell in common."""
    config = dict(group.jobs[0].config) if group.jobs else {}
    shared = {key: config.get(key) for key in ("generator_hash", "generator")}
    content = content_hash({**shared, "protocol": terms_of(group.protocol)})
    return f"{group.name}-{group.seed}-{content}"


def seconds_of(unit: Group, expected: Mapping[Cell, float]) -> float:
    """The seconds that a unit is likely to take."""
    return sum(expected.get(job.cell, 0.0) for job in unit.jobs)


def done(job: Job, run: Path) -> StoredCell | None:
    """The stored cell of the job, or None if it has not been computed."""
    stored = read_cell(job.cell.folder(run))
    return stored if stored is not None and stored.result.status == "done" else None


def unchanged(stored: StoredCell, reason: str) -> Result:
    """The result of a done cell that a new metric failed to judge; its folder keeps what it has."""
    return replace(stored.result, status="failed", reason=reason)


def _taken(stack: contextlib.ExitStack, path: Path, what: str) -> Lease:
    while True:
        with contextlib.suppress(InUse):
            return stack.enter_context(hold(path, what))
        time.sleep(PATIENCE)
