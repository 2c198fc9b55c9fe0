"""The cells of one group: their methods fit and their R's train in lockstep, then all are judged.

Each method first fits its directions; those that learn do so in lockstep. Then every shift is
frozen and a new R is trained on it, the same protocol for all, again in lockstep. Last, all are
judged (`runs/examiner`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark.core import threads
from benchmark.core.device import device_name, versions
from benchmark.core.errors import Unserved
from benchmark.core.failures import Failure, attempt
from benchmark.core.phases import SHORT
from benchmark.core.seeds import derive_seed, stream
from benchmark.generators.asking.contract import check, keep_contract
from benchmark.generators.fast.parts import InParts, most_on
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.passes import Passes, counting
from benchmark.methods.method import Assignment, Fitted, Learned, accepted, fitted
from benchmark.methods.own_loss import OwnLoss
from benchmark.metrics.metric import Metric
from benchmark.rca import precision
from benchmark.rca.reconstructor import INPUT_SIDE
from benchmark.rca.training import Learner, train
from benchmark.runs.examiner import Examiner, Trained
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Result


class GroupRun:
    """The computation of one group's cells on one device, with the threads of their settings.

    Raises BenchError for a generator that does not keep its contract.
    """

    def __init__(self, group: Group, run: Path, device: str, metrics: Mapping[str, Metric]) -> None:
        self.group, self.run, self.device = group, run, device
        threads.use(group.protocol.threads)
        precision.use(group.protocol.precision)
        keep_contract(group.generator)
        side = INPUT_SIDE[group.protocol.reconstructor]
        prepared = prepare(group.generator, device, side)
        self.generator = InParts(prepared, most_on(device, group.generator))
        self.examiner = Examiner(group, self.generator, run, device, metrics)

    @staticmethod
    def phases(jobs: Sequence[Job]) -> float:
        """How many phases the jobs take together: each fit by a loss of its own, one or two
        trainings of R's, and as short ones the asking of all R's and the judging of each job."""
        own = sum(isinstance(job.method, OwnLoss) for job in jobs)
        joint = any(isinstance(job.method, Learned) for job in jobs)
        return own + joint + 1 + SHORT * (1 + len(jobs))

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Fit, train and judge each job; a failure ends that job alone."""
        trained = []
        fits = sorted(self._fits(jobs), key=lambda fit: jobs.index(fit[0]))
        for job, found, seconds, passes in fits:
            if isinstance(found, Failure):
                yield self._failed(job, found)
                continue
            begun = attempt(self._begun, job, found, seconds, passes)
            if isinstance(begun, Failure):
                yield self._failed(job, begun)
                continue
            trained.append(begun)
        lost = self._train("fresh", [(one.job, one.fresh) for one in trained])
        judged = (
            self.examiner.results(trained) if lost is None else ((t.job, lost) for t in trained)
        )
        for job, result in judged:
            yield self._failed(job, result) if isinstance(result, Failure) else result

    def _fits(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fitted | Failure, float, Passes]]:
        """Each job with its directions, or why there are none, the seconds that took, and the
        passes of G that were counted around it."""
        learning: list[tuple[Job, Learner, Passes]] = []
        for job in jobs:
            began, passes = time.perf_counter(), Passes()
            if isinstance(job.method, Learned):
                with counting(passes):
                    learner = attempt(self.learner, job.method, self._assignment(job))
                if not isinstance(learner, Failure):
                    learning.append((job, learner, passes))
                    continue
                found: Fitted | Failure = learner
            else:
                with counting(passes):
                    found = attempt(job.method.fit, self._assignment(job))
            yield job, found, time.perf_counter() - began, passes
        lost = self._train("joint", [(job, learner) for job, learner, _ in learning])
        for job, learner, passes in learning:
            found = attempt(fitted, learner) if lost is None else lost
            yield job, found, learner.seconds, passes

    def learner(self, method: Learned, task: Assignment) -> Learner:
        """The method's untrained learner; raises Unserved where no gradient would reach it."""
        if fault := check(self.group.generator).fault(learns=True):
            raise Unserved(fault)
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
            label=f"{self.group.label}: {name} R",
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
            label=f"{self.group.label}: {job.cell.method}",
        )

    def _begun(self, job: Job, found: Fitted, seconds: float, passes: Passes) -> Trained:
        """An untrained R before the method's frozen shift; all methods start from the same R."""
        kept = accepted(found, self.group.generator, self.group.protocol)
        if kept.passes is not None:
            passes.add(kept.passes)
        fresh = Learner(
            job.cell.method,
            kept.shift,
            self.generator.image_shape,
            self.group.protocol,
            derive_seed(self._name("fresh R")),
            self.device,
        )
        return Trained(
            job,
            kept,
            fresh,
            {"fit": found.seconds_before + seconds},
            {"fit": None if kept.passes is None else passes},
        )

    def _failed(self, job: Job, failure: Failure) -> Result:
        status = "skipped" if failure.unserved else "failed"
        return store_failure(job, self.run, self.device, failure.reason, status)

    def _name(self, purpose: str) -> str:
        """The name of a random stream; it holds no method, so all methods get the same stream."""
        return f"{self.group.label} {purpose}"


def store_failure(job: Job, run: Path, device: str, reason: str, status: str = "failed") -> Result:
    """The result of a cell that failed or is skipped, written to its folder."""
    result = Result(
        job.cell,
        status,
        job.config,
        reason=reason,
        role=job.method.role,
        device=device_name(device),
        versions=versions(),
    )
    result.write(run)
    return result
