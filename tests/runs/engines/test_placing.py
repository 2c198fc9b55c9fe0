"""Which engine is used, how many units at once, and what a file may say."""

import sys
from pathlib import Path

import pytest

from benchmark.core import memory
from benchmark.core.errors import BenchError
from benchmark.runs.engines import placing
from benchmark.runs.engines.placing import Choice, UnitCost, choice, fitting, wall_time
from benchmark.runs.engines.processes import Processes

GB = 10**9


def units(*seconds: float, gb: float = 1.0, threads: int = 1) -> list[UnitCost]:
    return [UnitCost(one, int(gb * GB), threads) for one in seconds]


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "cores", lambda: 8)
    monkeypatch.setattr(memory, "available", lambda: 100 * GB)


@pytest.mark.parametrize(
    ("asked", "work", "device", "expected"),
    [
        (None, units(*[100.0] * 20), "cpu", 8),
        (None, units(*[100.0] * 20, threads=3), "cpu", 2),
        (None, units(*[100.0] * 3), "cpu", 3),
        (None, units(*[1.0] * 20), "cpu", 1),  # not worth a start
        (4, units(*[1.0] * 20), "cpu", 4),
        (40, units(*[100.0] * 20), "cpu", 20),
        (None, units(*[100.0] * 20), "cuda", 4),
        (None, units(*[100.0] * 20), "cuda:1", 1),
        (4, units(*[100.0] * 20, gb=30), "cpu", 3),
        (4, units(*[100.0] * 20, gb=300), "cpu", 1),
        (4, units(*[100.0] * 20, gb=300), "cuda", 4),
    ],
)
def test_as_many_as_there_are_cores_units_devices_and_memory_for(
    asked: int | None,
    work: list[UnitCost],
    device: str,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(placing, "_devices", lambda: 4)
    said: list[str] = []
    assert fitting(asked, work, device, said.append) == expected
    if device == "cpu" and work[0].memory > GB:
        count = "1 process" if expected == 1 else f"{expected} processes"
        assert said == [f"{count} instead of 4: 100.0 GB of memory are free"]
    else:
        assert said == []


def test_one_at_a_time_needs_no_processes(tmp_path: Path) -> None:
    work = units(100.0, 100.0)
    assert Choice(jobs=1).opened(work, "cpu", tmp_path, print) is None
    assert Choice().opened([], "cpu", tmp_path, print) is None
    two = Choice().opened(work, "cpu", tmp_path, print)
    assert isinstance(two, Processes)
    assert (two.slots, two.words()) == (2, "2 processes")


def test_the_longest_first_end_together() -> None:
    assert wall_time(units(5.0, 4.0, 3.0, 3.0, 3.0), 2) == 10.0
    assert wall_time(units(5.0, 4.0), 1) == 9.0
    assert wall_time(units(5.0, 4.0), 9) == 5.0


YAML = {
    "backend: desk\n": r"unknown backend in .*mine.yml: 'desk'; did you mean dask\?",
    "backend: processes\njob: 3\n": r"unknown key in .* for processes: 'job'; did you mean jobs\?",
    "jobs: 3\n": "mine.yml lacks its backend: processes, dask, submitit",
    "backend: processes\njobs: 0\n": "jobs must be a whole number from 1, not 0",
    "backend: processes\njobs: true\n": "jobs must be a whole number from 1, not True",
    "backend: [dask\n": "mine.yml is no YAML: ",
    "- dask\n": "mine.yml must hold lines such as",
    "backend: dask\ndask_adress: x\n": r"unknown key .* did you mean dask_address or",
    "backend: submitit\nslurm_partitions: x\n": r"unknown key .* did you mean slurm_partition",
}


@pytest.mark.parametrize(("text", "message"), YAML.items(), ids=YAML)
def test_a_file_that_cannot_be_right(tmp_path: Path, text: str, message: str) -> None:
    pytest.importorskip("yaml", reason="the extra `cluster` is not installed")
    for extra, key in (("distributed", "dask"), ("submitit", "submitit")):
        if f"backend: {key}\n" in text:
            pytest.importorskip(extra, reason="the extra `cluster` is not installed")
    (tmp_path / "mine.yml").write_text(text)
    with pytest.raises(BenchError, match=message) as error:
        choice(None, tmp_path / "mine.yml")
    assert "\n" not in str(error.value)


def test_a_file_that_is_right(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="the extra `cluster` is not installed")
    (tmp_path / "mine.yml").write_text("backend: processes\njobs: 3\n")
    assert choice(None, tmp_path / "mine.yml") == Choice("processes", {}, 3)
    with pytest.raises(BenchError, match="give one of them"):
        choice(2, tmp_path / "mine.yml")
    with pytest.raises(BenchError, match=r"none\.yml"):
        choice(None, tmp_path / "none.yml")


def test_without_the_extra_one_line_says_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brings = r"pip install '.*\[cluster\]' brings it"
    (tmp_path / "mine.yml").write_text("backend: dask\ndask_n_workers: 2\n")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(BenchError, match=f"--parallel-config needs yaml: {brings}"):
        choice(None, tmp_path / "mine.yml")
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "benchmark.runs.engines.on_dask", raising=False)
    on_dask = Choice("dask", {"dask_n_workers": 2})
    with pytest.raises(BenchError, match=f"needs distributed: {brings}"):
        on_dask.opened(units(1.0), "cpu", tmp_path, print)
