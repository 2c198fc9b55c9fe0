"""One process at a time computes a unit; another one waits, and takes what that has done."""

import json
import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from baselines import METHODS
from baselines.random import Random
from benchmark.core.errors import BenchError
from benchmark.methods.method import Assignment, Fitted
from benchmark.metrics import METRICS
from benchmark.runs import lease as leases
from benchmark.runs.grid import Group
from benchmark.runs.lease import InUse
from benchmark.runs.parcel import Parcel
from benchmark.runs.results import Result
from benchmark.runs.runner import execute
from benchmark.runs.unit import UNITS, compute, unit_lease, unit_name
from tests.runs.engines.grids import groups


@dataclass(frozen=True)
class Slow(Random):
    """Fits when it may, and counts."""

    may: ClassVar[threading.Event] = threading.Event()
    fits: ClassVar[int] = 0

    def fit(self, task: Assignment) -> Fitted:
        Slow.fits += 1
        assert Slow.may.wait(60)
        return super().fit(task)


def slow() -> Group:
    (group,) = groups(1, ("random",))
    return replace(group, jobs=[replace(job, method=Slow()) for job in group.jobs])


def test_who_comes_second_waits_and_computes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.runs.unit.PATIENCE", 0.02)
    monkeypatch.setattr(Slow, "may", threading.Event())
    monkeypatch.setattr(Slow, "fits", 0)
    found: list[list[Result]] = [[], []]
    threads = [
        threading.Thread(
            target=lambda into: into.extend(compute(slow(), tmp_path, "cpu", METRICS)), args=[into]
        )
        for into in found
    ]
    threads[0].start()
    while not Slow.fits:
        time.sleep(0.01)
    threads[1].start()
    time.sleep(0.2)
    with pytest.raises(InUse, match=f"planted seed 0 is in use by process {os.getpid()} "):
        list(execute([slow()], tmp_path, "cpu", True, METRICS, {}))  # --force takes nothing away
    Slow.may.set()
    for thread in threads:
        thread.join(60)
    assert Slow.fits == 1
    assert [result.status for result in (*found[0], *found[1])] == ["done", "done"]
    assert found[0][0].seconds == dict(found[1][0].seconds)
    assert not list((tmp_path / UNITS).iterdir())


def test_the_lease_of_a_process_that_is_gone_is_taken_over(tmp_path: Path) -> None:
    (group,) = groups(1, ("random",))
    path = tmp_path / UNITS / f"{unit_name(group)}.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"token": "x", "host": "elsewhere", "pid": 1, "since": "then"}))
    with pytest.raises(InUse, match="process 1 on elsewhere"), unit_lease(group, tmp_path, False):
        pass
    past = time.time() - leases.STALE - 1
    os.utime(path, (past, past))
    (result,) = compute(group, tmp_path, "cpu", METRICS)
    assert result.status == "done"
    assert not path.exists()


def test_who_lost_the_unit_writes_no_further_cell(tmp_path: Path) -> None:
    (group,) = groups(1, ("random", "coordinate"))
    path = tmp_path / UNITS / f"{unit_name(group)}.json"
    results = compute(group, tmp_path, "cpu", METRICS)
    next(results)
    path.write_text(json.dumps({"token": "o", "host": "far", "pid": 7, "since": "now"}))
    with pytest.raises(BenchError, match="process 7 on far since now took over"):
        next(results)
    assert len(list(tmp_path.glob("cells/**/result.json"))) == 1
    assert path.exists()  # it is the other's


def test_units_that_may_share_a_cell_share_a_name_and_others_do_not() -> None:
    one, other_seed = groups(2)
    (fewer, _) = groups(2, ("random",))
    assert unit_name(one) == unit_name(fewer) != unit_name(other_seed)
    longer = replace(one, protocol=replace(one.protocol, steps=7))
    assert unit_name(longer) != unit_name(one)


def test_a_parcel_is_opened_as_the_same_cells_or_not_at_all() -> None:
    (group, _) = groups()
    parcel = Parcel.of(group)
    again = parcel.opened(METHODS, {})
    assert replace(again, generator=group.generator) == group
    with pytest.raises(BenchError, match="opens another method as random than the command did"):
        parcel.opened(METHODS, {"random": "code"})
    with pytest.raises(BenchError, match="opens another method as random"):
        parcel.opened({n: m for n, m in METHODS.items() if n != "random"}, {})
    jobs = tuple(replace(job, config={**job.config, "generator_hash": "x"}) for job in parcel.jobs)
    with pytest.raises(BenchError, match="opens another generator as planted"):
        replace(parcel, jobs=jobs).opened(METHODS, {})
