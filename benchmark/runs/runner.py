"""Runs the grid: computes each cell that is not done, and stores what became of it.

Each method of a group first fits its directions; those that learn do so in lockstep. Then every
shift is frozen and a new R is trained on it, the same protocol for all, again in lockstep. Last, R
answers the held-out questions, and the metrics look at all of it.
"""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from benchmark.core.device import device_name, versions
from benchmark.core.progress import part, phase, whole_run
from benchmark.core.seeds import derive_seed, stream
from benchmark.core.storage import sha256
from benchmark.generators.fast.parts import InParts, most_on
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment, Fitted, Learned, check_fitted, fitted
from benchmark.metrics.metric import Evidence, Metric, mark, measure
from benchmark.rca import evaluation
from benchmark.rca.reconstructor import INPUT_SIDE
from benchmark.rca.training import Learner, train
from benchmark.runs.cell_files import write_cell
from benchmark.runs.grid import Group, Job
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
            if waiting or unjudged:
                work = GroupRun(group, run, device, metrics)
                yield from (work.judged_again(stored) for stored in unjudged)
                seconds = sum(expected.get(job.cell, 0.0) for job in waiting)
                with part(len(waiting), seconds, work.phases(waiting)):
                    yield from work.results(waiting)


def done(job: Job, run: Path) -> StoredCell | None:
    """The stored cell of the job, or None if it has not been computed."""
    stored = read_cell(job.cell.folder(run))
    return stored if stored is not None and stored.result.status == "done" else None


def lacking(stored: StoredCell, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics that have not judged the cell, or by other code than today's."""
    measured = {*stored.result.measured}
    return {name: one for name, one in metrics.items() if mark(name, one) not in measured}


@dataclass(frozen=True)
class _Trained:
    """A job under way: its directions, the fresh R for them, and the seconds of its phases."""

    job: Job
    fitted: Fitted
    fresh: Learner
    seconds: dict[str, float]


class GroupRun:
    """The computation of one group's cells on one device."""

    def __init__(self, group: Group, run: Path, device: str, metrics: Mapping[str, Metric]) -> None:
        self.group, self.run, self.device, self.metrics = group, run, device, metrics
        side = INPUT_SIDE[group.protocol.reconstructor]
        prepared = prepare(group.generator, device, side)
        self.generator = InParts(prepared, most_on(device, group.generator))

    def phases(self, jobs: Sequence[Job]) -> int:
        """How many phases the jobs take together: one or two trainings, and the judging of each."""
        return 1 + any(isinstance(job.method, Learned) for job in jobs) + len(jobs)

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Fit, train and judge each job; a failure ends that job alone."""
        trained = []
        for job, found, seconds in sorted(self._fits(jobs), key=lambda fit: jobs.index(fit[0])):
            try:
                if isinstance(found, Exception):
                    raise found
                check_fitted(found, self.group.generator, self.group.protocol)
                trained.append(_Trained(job, found, self._fresh(job, found), {"fit": seconds}))
            except Exception as error:  # noqa: BLE001 - whatever a method raises is its result
                yield self._store_failure(job, error)
        lost = self._train("fresh", [(one.job, one.fresh) for one in trained])
        for one in trained:
            began = time.perf_counter()
            try:
                if failure := lost or one.fresh.failure:
                    raise failure
                with phase(f"{self._label}: judging {one.job.cell.method}"):
                    result = self._judge(one)
            except Exception as error:  # noqa: BLE001 - as above
                yield self._store_failure(one.job, error)
                continue
            spent = {"fresh": one.fresh.seconds, "evaluation": time.perf_counter() - began}
            yield self._store(replace(result, seconds={**one.seconds, **spent}))

    def _fits(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fitted | Exception, float]]:
        """Each job with its directions, or why there are none, and the seconds that took."""
        learning: list[tuple[Job, Learner]] = []
        for job in jobs:
            began = time.perf_counter()
            found: Fitted | Exception
            try:
                if isinstance(job.method, Learned):
                    learner = job.method.learner(self._assignment(job))
                    # before it is trained for hours
                    check_fitted(fitted(learner), self.group.generator, self.group.protocol)
                    learning.append((job, learner))
                    continue
                found = job.method.fit(self._assignment(job))
            except Exception as error:  # noqa: BLE001 - as above
                found = error
            yield job, found, time.perf_counter() - began
        lost = self._train("joint", learning)
        for job, learner in learning:
            failure = lost or learner.failure
            yield job, failure or fitted(learner), learner.seconds

    def _train(self, name: str, learners: Sequence[tuple[Job, Learner]]) -> Exception | None:
        """Train in lockstep; returns the error that stopped all, such as a failing generator."""
        if not learners:
            return None
        file = "fit.pt" if name == "joint" else f"{name}.pt"
        try:
            train(
                self.generator,
                [learner for _, learner in learners],
                self.group.protocol,
                self._name(name),
                [job.cell.folder(self.run) / file for job, _ in learners],
                label=f"{self._label}: {name} R",
            )
        except Exception as error:  # noqa: BLE001 - it is the result of every cell in the phase
            return error
        return None

    def _assignment(self, job: Job) -> Assignment:
        return Assignment(
            self.group.generator,
            self.generator,
            self.group.protocol,
            rng=stream(self._name("fit"), job.cell.method),
            stream_name=self._name("joint"),
            r_seed=derive_seed(self._name("joint R")),
            device=self.device,
            checkpoint=job.cell.folder(self.run) / "fit.pt",
            label=f"{self._label}: {job.cell.method}",
        )

    def _fresh(self, job: Job, found: Fitted) -> Learner:
        """An untrained R before the method's frozen shift; all methods start from the same R."""
        return Learner(
            job.cell.method,
            found.shift,
            self.generator.image_shape,
            self.group.protocol,
            derive_seed(self._name("fresh R")),
            self.device,
        )

    def _judge(self, one: _Trained) -> Result:
        """Ask R, write all that the cell leaves behind, and let the metrics look at it."""
        job, shift, learner = one.job, one.fitted.shift, one.fitted.learner
        predictions = self._predict(one.fresh)
        joint = None if learner is None else self._predict(learner)
        files = write_cell(job, self.run, shift, predictions, joint, one.fresh, learner)
        evidence = Evidence(
            self.group.generator,
            self.generator,
            shift.to(self.device),
            self.group.protocol,
            predictions,
            joint,
            self._stream,
            self.device,
        )
        facts = {"n": len(predictions), "k": shift.k, "chance": 1.0 / shift.k}
        return Result(
            job.cell,
            "done",
            job.config,
            role=job.method.role,
            measured=tuple(mark(name, metric) for name, metric in self.metrics.items()),
            metrics={**measure(self.metrics, evidence), **facts},
            device=device_name(self.device),
            versions=versions(),
            files={file.name: sha256(file) for file in files},
        )

    def judged_again(self, stored: StoredCell) -> Result:
        """A done cell with the figures of those metrics that it lacks; all else stays as it was."""
        missing = lacking(stored, self.metrics)
        kept = [one for one in stored.result.measured if one.partition(" ")[0] not in missing]
        predictions = stored.table("predictions")
        assert predictions is not None, "a done cell has its answers"
        evidence = Evidence(
            self.group.generator,
            self.generator,
            stored.directions().shift.to(self.device),
            self.group.protocol,
            predictions,
            stored.table("predictions_joint"),
            self._stream,
            self.device,
        )
        before, found = stored.result.metrics, measure(missing, evidence)
        by_direction = {**before.get("by_direction", {}), **found["by_direction"]}
        result = replace(
            stored.result,
            measured=(*kept, *(mark(name, metric) for name, metric in missing.items())),
            metrics={**before, **found, "by_direction": by_direction},
        )
        result.write(self.run)
        return result

    def _predict(self, learner: Learner) -> pd.DataFrame:
        """Answers to the evaluation stream, which depends on the generator alone."""
        return evaluation.predict(
            self.generator,
            learner.shift.frozen(),
            learner.reconstructor.eval(),
            self.group.protocol,
            self._stream("evaluation"),
        )

    def _stream(self, purpose: str) -> torch.Generator:
        """A stream that every method and seed of the generator shares."""
        return stream(self.group.name, purpose)

    def _store(self, result: Result) -> Result:
        result.write(self.run)
        folder = result.cell.folder(self.run)
        for served in (*folder.glob("*.pt"), *folder.glob(".*.part")):  # a kill leaves parts
            served.unlink()
        return result

    def _store_failure(self, job: Job, error: Exception) -> Result:
        result = Result(
            job.cell,
            "failed",
            job.config,
            reason=f"{type(error).__name__}: {error}",
            role=job.method.role,
            device=device_name(self.device),
            versions=versions(),
        )
        result.write(self.run)
        return result

    @property
    def _label(self) -> str:
        return f"{self.group.name} seed {self.group.seed}"

    def _name(self, purpose: str) -> str:
        """The name of a random stream; it holds no method, so all methods get the same stream."""
        return f"{self._label} {purpose}"
