"""Which engine a command asked for, with --jobs or a file, and how many units it takes at once.

backend: processes          backend: dask                      backend: submitit
jobs: 4                     dask_address: tcp://head:8786      slurm_partition: long
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark.core import memory
from benchmark.core.errors import BenchError, one_line, unknown
from benchmark.core.reading import read_text
from benchmark.core.threads import cores
from benchmark.runs.engines.backend import Backend
from benchmark.runs.engines.processes import Processes, visible_devices

WORTH = 30.0  # seconds of work for which processes are started that nobody asked for
EXTRA = "pip install 'latent-direction-bench[cluster]'"


@dataclass(frozen=True)
class UnitCost:
    """What a unit is likely to take: seconds, bytes at its peak, threads."""

    seconds: float
    memory: int
    threads: int


@dataclass(frozen=True)
class Choice:
    """An engine. settings: the keys of its file, without `backend`; jobs: processes, None where
    nobody said how many."""

    backend: str = "processes"
    settings: Mapping[str, Any] = field(default_factory=dict)
    jobs: int | None = None

    def opened(
        self, units: Sequence[UnitCost], device: str, run: Path, say: Callable[[str], object]
    ) -> Backend | None:
        """The engine for these units; None where this process computes them itself. say: takes a
        word for the user. Raises BenchError where it cannot be reached."""
        if not units:
            return None
        if self.backend == "dask":
            return _module("on_dask").OnDask(self.settings, run, len(units))
        if self.backend == "submitit":
            return _module("on_slurm").OnSlurm(self.settings, run, len(units))
        jobs = fitting(self.jobs, units, device, say)
        devices = visible_devices(_devices()) if device == "cuda" else []
        return Processes(jobs, devices) if jobs > 1 else None


def choice(jobs: int | None, file: Path | None) -> Choice:
    """What the command line says. Raises BenchError in one line for a file that cannot be right."""
    if file is None:
        return Choice(jobs=jobs)
    if jobs is not None:
        raise BenchError("--jobs and --parallel-config each say where to compute: give one of them")
    content = _read(file)
    backend = content.pop("backend", None)
    known: dict[str, Callable[[], Sequence[str]]] = {
        "processes": lambda: ("jobs",),
        "dask": lambda: _module("on_dask").KEYS,
        "submitit": lambda: _module("on_slurm").keys(),
    }
    if backend is None:
        raise BenchError(f"{file} lacks its backend: {', '.join(known)}")
    if not isinstance(backend, str) or backend not in known:
        raise unknown(f"backend in {file}:", str(backend), known)
    for key in content:
        if key not in (keys := known[backend]()):
            raise unknown(f"key in {file} for {backend}:", str(key), keys)
    jobs = content.pop("jobs", None)
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise BenchError(f"{file}: jobs must be a whole number from 1, not {jobs!r}")
    return Choice(backend, content, jobs)


def fitting(
    asked: int | None, units: Sequence[UnitCost], device: str, say: Callable[[str], object]
) -> int:
    """How many processes to use: those asked for or as many as there are cores or devices, but no
    more than there are units, nor than memory holds."""
    on_cuda = device.startswith("cuda")
    most = cores() // max(unit.threads for unit in units)
    if device == "cuda":
        most = _devices()
    elif on_cuda:
        most = 1
    if asked is None and sum(unit.seconds for unit in units) < WORTH:
        return 1
    jobs = max(1, min(most if asked is None else asked, len(units)))
    room = memory.available()
    if on_cuda or room is None:
        return jobs
    largest = sorted((unit.memory for unit in units), reverse=True)
    fits = next((n for n in range(jobs, 1, -1) if sum(largest[:n]) <= room), 1)
    if fits < jobs:
        count = "1 process" if fits == 1 else f"{fits} processes"
        say(f"{count} instead of {jobs}: {room / 1e9:.1f} GB of memory are free")
    return fits


def wall_time(units: Sequence[UnitCost], slots: int) -> float:
    """Seconds until all are done, `slots` at once, the longest first."""
    busy = [0.0] * max(1, min(slots, len(units)))
    for unit in sorted(units, key=lambda unit: -unit.seconds):
        busy[busy.index(min(busy))] += unit.seconds
    return max(busy)


def _devices() -> int:
    import torch

    return max(1, torch.cuda.device_count())


def _module(name: str) -> Any:
    """A backend that needs the extra. Raises BenchError where that is missing."""
    try:
        return import_module(f"benchmark.runs.engines.{name}")
    except ModuleNotFoundError as error:
        raise BenchError(f"this backend needs {error.name}: {EXTRA} brings it") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise BenchError(f"--parallel-config needs {error.name}: {EXTRA} brings it") from error
    try:
        content = yaml.safe_load(read_text(file))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BenchError(f"{file} is no YAML: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise BenchError(f"{file} must hold lines such as 'backend: dask'")
    return content
