"""A Dask cluster of processes on the loopback: the same bytes, and the work of a dead worker."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from tests.runs.engines.grids import artefacts, computed, groups, judged, metric

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from benchmark.runs.engines.on_dask import OnDask  # noqa: E402 - needs the extra


def started(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "ignore", "-m", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list["subprocess.Popen[str]"]]]:
    """A scheduler's address, and two workers."""
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    head = started("distributed.cli.dask_scheduler", *options)
    assert head.stderr is not None
    address = next(
        found[0] for line in head.stderr if (found := re.search(r"tcp://127.0.0.1:\d+", line))
    )
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
    workers = [started("distributed.cli.dask_worker", address, *options) for _ in range(2)]
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address, workers
    for process in (*workers, head):
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_the_cluster_leaves_the_bytes_of_one_process(
    tmp_path: Path,
    cluster: tuple[str, list["subprocess.Popen[str]"]],
    alone: dict[str, bytes],
) -> None:
    address, _ = cluster
    run = tmp_path / "run"
    engine = OnDask({"dask_address": address}, run, 2)
    assert engine.words() == "Dask, 2 at once"
    results = computed(groups(), run, engine)
    assert sorted(result.status for result in results) == ["done"] * 6
    assert artefacts(run) == alone
    assert not list(run.glob(".*"))


@pytest.mark.slow
def test_a_unit_whose_dask_worker_is_killed_goes_on_in_the_other(
    tmp_path: Path, cluster: tuple[str, list["subprocess.Popen[str]"]], alone: dict[str, bytes]
) -> None:
    address, workers = cluster
    pids = [worker.pid for worker in workers]
    kill = "os.kill(os.getppid(), 9); time.sleep(30)"  # and with the parent ends this process
    fatal = metric(tmp_path, f"if len((HERE / 'judged').read_text().split()) <= 1: {kill}")
    run = tmp_path / "run"
    results = computed(groups(), run, OnDask({"dask_address": address}, run, 2), (fatal,))
    assert sorted(result.status for result in results) == ["done"] * 6
    assert artefacts(run) == alone
    assert [os.waitpid(pid, os.WNOHANG)[0] for pid in pids].count(0) == 1
    assert len(judged(tmp_path)) == 7


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.runs.engines.on_dask.PATIENCE", "1s")
    with pytest.raises(BenchError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9 "):
        OnDask({"dask_address": "tcp://127.0.0.1:9"}, tmp_path, 1)
    with pytest.raises(BenchError, match="either dask_address or dask_n_workers"):
        OnDask({}, tmp_path, 1)
    with pytest.raises(BenchError, match="dask_n_workers must be a whole number"):
        OnDask({"dask_n_workers": "2"}, tmp_path, 1)
