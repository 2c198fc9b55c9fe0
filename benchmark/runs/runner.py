"""Runs the grid: computes each cell that is not done, and stores what became of it.

Whatever fails on this way is the result of the cells that it concerns, and the others go on.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.core.progress import Elsewhere, part, whole_run
from benchmark.metrics.metric import Metric
from benchmark.runs.engines.backend import Backend, Ended, Lost, Stands, carried_out
from benchmark.runs.examiner import lacking
from benchmark.runs.grid import Group
from benchmark.runs.lockstep import GroupRun, store_failure
from benchmark.runs.parcel import Brought, Order, Parcel
from benchmark.runs.results import Cell, Result
from benchmark.runs.unit import UNITS, compute, done, seconds_of, unit_lease


@dataclass(frozen=True)
class Workers:
    """Where other processes compute. backend: these. brought: what they need of the command's own.
    driver: the token of the run's lease, which this process holds."""

    backend: Backend
    brought: Brought
    driver: str


def execute(
    groups: Sequence[Group],
    run: Path,
    device: str,
    force: bool,
    metrics: Mapping[str, Metric],
    expected: Mapping[Cell, float],
    workers: Workers | None = None,
) -> Iterator[Result]:
    """Compute what is not done yet; yields each cell's result, old or new.

    A cell that is skipped is stored with its reason, before all others. So is a cell that fails,
    and the next run tries it again. A done cell that
    was not judged by all of the metrics is judged by the others, without training anything.
    expected: the seconds that each cell is likely to take, for the time left and for the order, the
    longest unit first; may be empty. workers: None computes here, one unit after another. The
    results are the same bytes.
    """
    units = []
    for job in (job for group in groups for job in group.skipped):
        stored = done(job, run)
        skip = stored.result if stored else None
        yield skip or store_failure(job, run, device, job.unserved, "skipped")
    for group in groups:
        if force:
            with unit_lease(group, run, wait=False):
                for job in group.jobs:
                    shutil.rmtree(job.cell.folder(run), ignore_errors=True)
        left = []
        for job in group.jobs:
            stored = done(job, run)
            if stored is None or lacking(stored, metrics):
                left.append(job)
            else:
                yield stored.result
        if left:
            units.append(replace(group, jobs=left))
    with whole_run(len(expected), sum(expected.values())):
        if workers is None:
            yield from _here(units, run, device, metrics, expected)
        else:
            yield from _elsewhere(units, run, device, expected, workers)
    with contextlib.suppress(OSError):
        (run / UNITS).rmdir()


def _here(
    units: Sequence[Group],
    run: Path,
    device: str,
    metrics: Mapping[str, Metric],
    expected: Mapping[Cell, float],
) -> Iterator[Result]:
    for unit in units:
        with part(*_share(unit, expected)):
            yield from compute(unit, run, device, metrics)


def _elsewhere(
    units: Sequence[Group],
    run: Path,
    device: str,
    expected: Mapping[Cell, float],
    workers: Workers,
) -> Iterator[Result]:
    units = in_order(units, expected)
    orders = [
        Order(Parcel.of(unit), unit.label, run, device, workers.brought, Path.cwd(), workers.driver)
        for unit in units
    ]
    by_order = {id(order): _Unit(unit, expected) for order, unit in zip(orders, units, strict=True)}
    for order, attempt, said in carried_out(orders, workers.backend):
        unit = by_order[id(order)]
        match said:
            case Stands():
                unit.view().show(said.phases, (attempt, said.source))
            case Result() if said.cell not in unit.told:
                unit.told.add(said.cell)
                yield said
            case Ended() | Lost():
                unit.view().over()
                if said.reason:
                    yield from unit.failed(run, device, said.reason)


def in_order(units: Sequence[Group], expected: Mapping[Cell, float]) -> list[Group]:
    """The cheapest unit, so that there soon is a result to look at, then the longest first, so that
    no core waits long for the last one."""
    longest = sorted(units, key=lambda unit: -seconds_of(unit, expected))
    return [*longest[-1:], *longest[:-1]]


class _Unit:
    """A unit that other processes compute. told: the cells whose results have come."""

    def __init__(self, group: Group, expected: Mapping[Cell, float]) -> None:
        self.group, self.told = group, set[Cell]()
        self._share = _share(group, expected)
        self._view: Elsewhere | None = None

    def view(self) -> Elsewhere:
        """Its part of the run, which begins with the first word about it."""
        if self._view is None:
            self._view = Elsewhere(*self._share)
        return self._view

    def failed(self, run: Path, device: str, reason: str) -> Iterator[Result]:
        """The cells without a result as failed ones, unless they are done."""
        for job in self.group.jobs:
            if job.cell in self.told:
                continue
            stored = done(job, run)
            yield stored.result if stored else store_failure(job, run, device, reason)


def _share(unit: Group, expected: Mapping[Cell, float]) -> tuple[int, float, float]:
    """What `part` counts: cells that are to be computed, their work, and phases."""
    waiting = [job for job in unit.jobs if job.cell in expected] if expected else unit.jobs
    return len(waiting), seconds_of(unit, expected), GroupRun.phases(waiting)
