"""Slurm, by job arrays that submitit makes: one job of the array for each unit."""

import contextlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from submitit import AutoExecutor, Job, SlurmExecutor
from submitit.core.utils import FailedJobError

from benchmark.core.errors import BenchError, one_line
from benchmark.runs.engines.backend import Lost, Said
from benchmark.runs.engines.remote import Note, Outcome, carry_out_there
from benchmark.runs.parcel import Order
from benchmark.runs.unit import UNITS


def keys() -> tuple[str, ...]:
    """What a file may say: submitit's own parameters, and those of Slurm with `slurm_` before."""
    own = AutoExecutor._typed_parameters()  # submitit has no public name for them
    return (*own, *(f"slurm_{name}" for name in sorted(SlurmExecutor._valid_parameters())))


class OnSlurm:
    """All units are submitted as one array; `slurm_array_parallelism` says how many run at once.

    Raises BenchError where there is no Slurm, or a parameter is of a wrong type.
    """

    pause = 1.0

    def __init__(self, settings: Mapping[str, Any], run: Path, units: int) -> None:
        self._run, self.slots = run, units
        most = settings.get("slurm_array_parallelism")
        self.at_once = most if type(most) is int and most > 0 else units
        # A name that nobody knows before: what the jobs hand back is a pickle.
        self._folder = run / UNITS / f"slurm-{secrets.token_hex(8)}"
        self._jobs: list[Job[Outcome]] = []
        try:
            self._executor = AutoExecutor(folder=self._folder, cluster="slurm")
            self._executor.update_parameters(**{"name": "bench", **settings})
        except (RuntimeError, ValueError, TypeError, NameError, AssertionError) as error:
            raise BenchError(f"Slurm cannot be used: {one_line(error)}") from error

    def words(self) -> str:
        return "Slurm"

    def start(self, orders: Sequence[Order]) -> list["_Queued"]:
        notes = [Note(self._run) for _ in orders]
        try:
            with self._executor.batch():
                jobs = [
                    self._executor.submit(carry_out_there, order, note.path)
                    for order, note in zip(orders, notes, strict=True)
                ]
        except (FailedJobError, OSError) as error:
            raise BenchError(f"Slurm takes no jobs: {one_line(error)}") from error
        self._jobs += jobs
        return [_Queued(job, note) for job, note in zip(jobs, notes, strict=True)]

    def close(self) -> None:
        """Cancel what is queued or runs. The logs of jobs that ended well go."""
        left = [job for job in self._jobs if not job.paths.result_pickle.exists()]
        for job in left:
            with contextlib.suppress(OSError, FailedJobError):
                job.cancel(check=False)
        if not left:
            shutil.rmtree(self._folder, ignore_errors=True)


class _Queued:
    def __init__(self, job: Job[Outcome], note: Note) -> None:
        self._job, self._note = job, note

    def news(self) -> list[Said]:
        found = self._note.news()
        if not self._job.done():
            return found
        self._note.remove()
        try:
            return [*found, *self._job.result().said()]
        except Exception as error:  # noqa: BLE001 - submitit raises what the job did
            words = one_line(error)[:300]
            return [*found, Lost(f"Slurm job {self._job.job_id} failed ({words})")]
