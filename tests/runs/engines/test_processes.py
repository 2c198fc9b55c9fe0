"""Worker processes: the same bytes as one process, whoever is killed on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.cli.choices import Brought
from benchmark.core.storage import is_running
from benchmark.runs.engines import processes
from benchmark.runs.engines.backend import Lost, Stands
from benchmark.runs.engines.processes import VISIBLE, Processes, visible_devices
from benchmark.runs.engines.worker import Worker
from benchmark.runs.parcel import Order, Parcel
from benchmark.runs.results import read_cells
from tests.runs.engines.grids import SETTINGS, artefacts, computed, groups, judged, metric

SUICIDE = "if len((HERE / 'judged').read_text().split()) <= {times}: os.kill(os.getpid(), 9)"


def wait_for(what: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_two_workers_leave_the_bytes_of_one_process(
    tmp_path: Path,
    alone: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # what the machine would take
    results = computed(groups(), tmp_path / "run", Processes(2))
    assert [result.status for result in results] == ["done"] * 6
    assert artefacts(tmp_path / "run") == alone
    assert "planted seed 0: joint R  6/6" in capsys.readouterr().err  # progress comes here
    assert not list((tmp_path / "run").glob(".*"))  # no lease is left
    again = computed(groups(), tmp_path / "run", Processes(2))
    assert [r.cell for r in again] == [j.cell for g in groups() for j in g.jobs]


def test_the_unit_of_a_worker_that_dies_goes_on_in_another(
    tmp_path: Path, alone: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    hello = "print('hello', flush=True)\n        "
    fatal = metric(tmp_path, hello + SUICIDE.format(times=1))
    results = computed(groups(), tmp_path / "run", Processes(1), (fatal,))
    assert [result.status for result in results] == ["done"] * 6
    assert {result.metrics["mine"] for result in results} == {1.0}
    assert artefacts(tmp_path / "run") == alone
    assert len(judged(tmp_path)) == 7
    assert len({*judged(tmp_path)}) == 2
    assert capfd.readouterr().err.count("hello\n") == 7  # what a plug-in prints breaks nothing


def test_a_unit_whose_worker_dies_twice_has_failed_with_the_reason(tmp_path: Path) -> None:
    fatal = metric(tmp_path, SUICIDE.format(times=2))
    planned = groups(1, ("random", "coordinate"))
    results = computed(planned, tmp_path / "run", Processes(1), (fatal,))
    reason = "the worker process died (signal 9; was memory short?)"
    assert [(r.status, r.reason) for r in results] == [("failed", reason)] * 2
    assert [cell.result.reason for cell in read_cells(tmp_path / "run")] == [reason] * 2
    results = computed(planned, tmp_path / "run", None, (fatal,))
    assert [r.status for r in results] == ["done", "done"]


def start(out: Path, wait: str) -> "subprocess.Popen[str]":
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    code = "from benchmark.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "-g", "planted", "-m", "random"]
    options = ["--seeds", "0,1", "--metric", wait, "--jobs", "2", "--out", str(out)]
    return subprocess.Popen(
        [*command, *settings, *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_workers_end_with_their_driver_and_nothing_is_computed_twice(
    tmp_path: Path, how: signal.Signals
) -> None:
    wait = metric(tmp_path, "while (HERE / 'wait').exists(): time.sleep(0.05)")
    (tmp_path / "wait").touch()
    driver = start(tmp_path / "run", wait)
    wait_for(lambda: len(judged(tmp_path)) == 2 or driver.poll() is not None)
    workers = judged(tmp_path)
    assert len({*workers, driver.pid}) == 3, driver.communicate()
    driver.send_signal(how)
    _, errors = driver.communicate(timeout=30)
    wait_for(lambda: not any(map(is_running, workers)), seconds=20)
    if how == signal.SIGINT:
        assert driver.returncode == 130
        assert "run the same command again" in errors
        assert "Traceback" not in errors
    (tmp_path / "wait").unlink()
    time.sleep(0.2)
    assert not list((tmp_path / "run").glob("cells/**/result.json"))
    planned = groups(methods=("random",))
    results = computed(planned, tmp_path / "run", None, (wait,))
    assert [result.status for result in results] == ["done", "done"]
    assert judged(tmp_path) == [*workers, os.getpid(), os.getpid()]


def test_each_worker_sees_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "4,5,7")
    assert visible_devices(3) == ["4", "5", "7"]
    monkeypatch.delenv(VISIBLE)
    assert visible_devices(2) == ["0", "1"]
    environments: list[dict[str, str]] = []

    class Noted:
        def __init__(self, environment: dict[str, str]) -> None:
            environments.append(environment)

        def give(self, order: object) -> None:
            pass

    monkeypatch.setattr(processes, "Worker", Noted)
    (group,) = groups(1, ("random",))
    order = Order(Parcel.of(group), "", Path(), "cpu", Brought((), ()), Path(), "")
    Processes(3, ["4", "7"]).start([order] * 3)
    Processes(1).start([order])
    assert environments == [{VISIBLE: "4"}, {VISIBLE: "7"}, {VISIBLE: "4"}, {}]


def test_a_worker_whose_driver_is_gone_from_the_run_stops(tmp_path: Path) -> None:
    (group,) = groups(1, ("random",))
    wait = metric(tmp_path, "time.sleep(60)")
    brought = Brought((), (wait,))
    parcel = Parcel.of(group)
    order = Order(parcel, "x", tmp_path, "cpu", brought, Path.cwd(), "the token of a lease")
    worker = Worker()
    worker.give(order)
    while isinstance(said := worker.wait(), Stands):
        pass
    assert said == Lost("the worker process died (exit code 3)")
    assert not list(tmp_path.glob("cells/**/result.json"))


@pytest.fixture(autouse=True)
def _no_worker_is_left() -> object:
    before = _children()
    yield
    assert not [pid for pid in _children() - before if is_running(pid)]


def _children() -> set[int]:
    """The processes that this one has started, where the system tells."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return {int(pid) for pid in text.split()}
    return set()
