"""The cells of one group: their methods fit and their R's train in lockstep, then all are judged.

Each method first fits its directions; those that learn do so in lockstep. Then every shift is
frozen and a new R is trained on it, the same protocol for all, again in lockstep. Last, R answers
the held-out questions, and the metrics look at all of it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from benchmark.core.device import device_name, versions
from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import phase
from benchmark.core.seeds import derive_seed, stream
from benchmark.core.storage import sha256
from benchmark.directions.shift import Shift
from benchmark.generators.contract import check, keep_contract
from benchmark.generators.fast.parts import InParts, most_on
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment, Fitted, Learned, accepted, fitted
from benchmark.metrics.metric import Evidence, Metric, mark, measure
from benchmark.rca import evaluation
from benchmark.rca.reconstructor import INPUT_SIDE
from benchmark.rca.training import Learner, train
from benchmark.runs.cell_files import write_cell
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Result, StoredCell


@dataclass(frozen=True)
class _Trained:
    """A job under way: its directions, the fresh R for them, and the seconds of its phases."""

    job: Job
    fitted: Fitted
    fresh: Learner
    seconds: dict[str, float]


class GroupRun:
    """The computation of one group's cells on one device.

    Raises BenchError for a generator that does not keep its contract.
    """

    def __init__(self, group: Group, run: Path, device: str, metrics: Mapping[str, Metric]) -> None:
        self.group, self.run, self.device, self.metrics = group, run, device, metrics
        keep_contract(group.generator)
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
            if isinstance(found, Failure):
                yield self._failed(job, found)
                continue
            begun = attempt(self._begun, job, found, seconds)
            if isinstance(begun, Failure):
                yield self._failed(job, begun)
                continue
            trained.append(begun)
        lost = self._train("fresh", [(one.job, one.fresh) for one in trained])
        for one in trained:
            result = attempt(self._judge, one) if lost is None else lost
            yield self._failed(one.job, result) if isinstance(result, Failure) else result

    def _fits(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fitted | Failure, float]]:
        """Each job with its directions, or why there are none, and the seconds that took."""
        learning: list[tuple[Job, Learner]] = []
        for job in jobs:
            began = time.perf_counter()
            if isinstance(job.method, Learned):
                learner = attempt(self.learner, job.method, self._assignment(job))
                if not isinstance(learner, Failure):
                    learning.append((job, learner))
                    continue
                found: Fitted | Failure = learner
            else:
                found = attempt(job.method.fit, self._assignment(job))
            yield job, found, time.perf_counter() - began
        lost = self._train("joint", learning)
        for job, learner in learning:
            yield job, attempt(fitted, learner) if lost is None else lost, learner.seconds

    def learner(self, method: Learned, task: Assignment) -> Learner:
        """The method's untrained learner; raises BenchError where no gradient would reach it."""
        if fault := check(self.group.generator).fault(learns=True):
            raise BenchError(fault)
        learner = method.learner(task)
        accepted(fitted(learner), self.group.generator, self.group.protocol)  # before hours
        return learner

    def _train(self, name: str, learners: Sequence[tuple[Job, Learner]]) -> Failure | None:
        """Train in lockstep; returns why all of them stopped, such as a failing generator."""
        if not learners:
            return None
        file = "fit.pt" if name == "joint" else f"{name}.pt"
        return attempt(
            train,
            self.generator,
            [learner for _, learner in learners],
            self.group.protocol,
            self._name(name),
            [job.cell.folder(self.run) / file for job, _ in learners],
            label=f"{self._label}: {name} R",
        )

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

    def _begun(self, job: Job, found: Fitted, seconds: float) -> _Trained:
        """An untrained R before the method's frozen shift; all methods start from the same R."""
        kept = accepted(found, self.group.generator, self.group.protocol)
        fresh = Learner(
            job.cell.method,
            kept.shift,
            self.generator.image_shape,
            self.group.protocol,
            derive_seed(self._name("fresh R")),
            self.device,
        )
        return _Trained(job, kept, fresh, {"fit": seconds})

    def _judge(self, one: _Trained) -> Result:
        """Ask R, let the metrics look at the cell, and write all that it leaves behind."""
        if one.fresh.failure:
            raise one.fresh.failure
        began = time.perf_counter()
        with phase(f"{self._label}: judging {one.job.cell.method}"):
            result = self._judged(one)
        spent = {"fresh": one.fresh.seconds, "evaluation": time.perf_counter() - began}
        return self._store(replace(result, seconds={**one.seconds, **spent}))

    def _judged(self, one: _Trained) -> Result:
        job, shift, learner = one.job, one.fitted.shift, one.fitted.learner
        predictions = self._predict(one.fresh)
        joint = None if learner is None else self._predict(learner)
        files = write_cell(job, self.run, shift, predictions, joint, one.fresh, learner)
        evidence = self._evidence(shift, predictions, joint)
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
        joint = stored.table("predictions_joint")
        evidence = self._evidence(stored.directions().shift, predictions, joint)
        before, found = stored.result.metrics, measure(missing, evidence)
        by_direction = {**before.get("by_direction", {}), **found["by_direction"]}
        result = replace(
            stored.result,
            measured=(*kept, *(mark(name, metric) for name, metric in missing.items())),
            metrics={**before, **found, "by_direction": by_direction},
        )
        result.write(self.run)
        return result

    def _evidence(
        self, shift: Shift, predictions: pd.DataFrame, joint: pd.DataFrame | None
    ) -> Evidence:
        """What the metrics may look at, of a cell just trained as of one that is stored."""
        return Evidence(
            self.group.generator,
            self.generator,
            shift.to(self.device),
            self.group.protocol,
            predictions,
            joint,
            self._stream,
            self.device,
        )

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

    def _failed(self, job: Job, failure: Failure) -> Result:
        return store_failure(job, self.run, self.device, failure.reason)

    @property
    def _label(self) -> str:
        return f"{self.group.name} seed {self.group.seed}"

    def _name(self, purpose: str) -> str:
        """The name of a random stream; it holds no method, so all methods get the same stream."""
        return f"{self._label} {purpose}"


def lacking(stored: StoredCell, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics that have not judged the cell, or by other code than today's."""
    measured = {*stored.result.measured}
    return {name: one for name, one in metrics.items() if mark(name, one) not in measured}


def store_failure(job: Job, run: Path, device: str, reason: str) -> Result:
    """The result of a cell that failed, written to its folder."""
    result = Result(
        job.cell,
        "failed",
        job.config,
        reason=reason,
        role=job.method.role,
        device=device_name(device),
        versions=versions(),
    )
    result.write(run)
    return result
