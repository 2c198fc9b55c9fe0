"""What a run will cost before it starts: each cell's steps, its time on this device, its memory.

It does a few steps of the run and scales their time up. Where even one step takes long, as with a
large generator on a CPU, it does only one. An interrupted cell counts in full.
"""

import contextlib
import io
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmark.core.device import forget_peak, peak
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, check_fitted
from benchmark.metrics.collapse import LATENTS
from benchmark.rca import evaluation
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Cell
from benchmark.runs.runner import GroupRun, done

PATIENCE = 5.0  # seconds that a first try may take to be followed by a better one
STEPS = 3  # training steps of the better one


@dataclass(frozen=True)
class Cost:
    """Estimates for one cell: seconds of all its phases, and peak memory of its group in bytes.

    trainings: 2 where A learns with an R of its own before the fresh R does, else 1; each takes
    `steps`. reason: why the cell cannot be timed; it then counts as no seconds.
    """

    generator: str
    method: str
    trainings: int
    steps: int
    seconds: float
    memory: int
    reason: str = ""


def costs(groups: Iterable[Group], run: Path, device: str, force: bool) -> dict[Cell, Cost]:
    """The cost of each cell that `execute` would compute; seeds of one cell are timed once."""
    known: dict[Cell, Cost] = {}  # by cell, whatever its seed
    found: dict[Cell, Cost] = {}
    for group in groups:
        waiting = [job for job in group.jobs if force or done(job, run) is None]
        new = [job for job in waiting if _work(job) not in known]
        if new:
            known |= zip(map(_work, new), price(group, new, device), strict=True)
        found |= {job.cell: known[_work(job)] for job in waiting}
    return found


def price(group: Group, jobs: Sequence[Job], device: str) -> list[Cost]:
    """The costs of jobs of one group, which run in lockstep."""
    print(f"timing a few steps of {group.name}", file=sys.stderr, flush=True)  # can take minutes
    began = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):  # the progress of so few steps says nothing
        first = _rehearse(group, jobs, device, steps=1, questions=2)
        if time.perf_counter() - began > PATIENCE:
            return first
        return _rehearse(group, jobs, device, steps=STEPS, questions=evaluation.EVALUATION_BATCH)


def total(estimates: Iterable[Cost]) -> float:
    """Seconds of all cells together."""
    return sum(cost.seconds for cost in estimates)


def statement(estimates: Sequence[Cost]) -> list[str]:
    """The costs as lines of text: one line for all cells of equal work, then the total."""
    lines = []
    for cost, cells in Counter(estimates).items():
        work = f"{cells * cost.trainings} x {cost.steps:,} steps"
        figures = cost.reason or f"{_time(cells * cost.seconds)}  {_size(cost.memory)}"
        lines.append(f"  {cost.generator:20} {cost.method:12} {work:>19}  {figures}")
    memory = max((cost.memory for cost in estimates), default=0)
    return [*lines, f"  {'in all':54}  {_time(total(estimates))}  {_size(memory)}"]


def _work(job: Job) -> Cell:
    return replace(job.cell, seed=0)


def _rehearse(
    group: Group, jobs: Sequence[Job], device: str, steps: int, questions: int
) -> list[Cost]:
    """Do `steps` steps of each training, answer `questions` questions, and scale both up."""
    few = replace(group.protocol, steps=steps, evaluation=questions)
    forget_peak(device)
    generator = GroupRun(group, Path(), device, {}).generator
    trials: list[_Trial | str] = []
    for job in jobs:
        try:
            trials.append(_Trial(job, group.generator, generator, few, device))
        except Exception as error:  # noqa: BLE001 - the run will store it as the cell's result
            trials.append(f"cannot be timed: {type(error).__name__}: {error}")
    fresh = [trial.fresh for trial in trials if isinstance(trial, _Trial)]
    if fresh:
        train(generator, fresh, few, "cost", [None] * len(fresh), "cost")
    seconds = [0.0 if isinstance(t, str) else t.seconds(generator, group.protocol) for t in trials]
    memory = peak(device)
    return [
        Cost(group.name, job.cell.method, 1, group.protocol.steps, 0.0, 0, trial)
        if isinstance(trial, str)
        else Cost(group.name, job.cell.method, trial.trainings, group.protocol.steps, spent, memory)
        for job, trial, spent in zip(jobs, trials, seconds, strict=True)
    ]


class _Trial:
    """One job over the few steps of `protocol`: its directions, and a fresh R for them."""

    def __init__(
        self, job: Job, original: Generator, generator: Generator, protocol: Protocol, device: str
    ) -> None:
        self.protocol = protocol
        rng = torch.Generator().manual_seed(0)
        began = time.perf_counter()
        fitted = job.method.fit(Assignment(original, generator, protocol, rng, "cost", 0, device))
        self.fit_seconds = time.perf_counter() - began
        check_fitted(fitted, original, protocol)
        self.learner = fitted.learner
        self.trainings = 1 if fitted.learner is None else 2
        self.fresh = Learner(
            job.cell.method,
            fitted.shift,
            generator.image_shape,
            protocol,
            0,
            device,
        )

    def seconds(self, generator: Generator, whole: Protocol) -> float:
        """Seconds of all phases of the `whole` protocol; call it once the fresh R has been trained.

        Asks some questions to time them. A fit without a learner has no steps, so its time is not
        scaled.
        """
        began = time.perf_counter()
        rng = torch.Generator().manual_seed(0)
        evaluation.predict(
            generator, self.fresh.shift, self.fresh.reconstructor.eval(), self.protocol, rng
        )
        a_question = (time.perf_counter() - began) / self.protocol.evaluation
        trained = self.fresh.seconds + (self.learner.seconds if self.learner else 0.0)
        pairs = self.trainings * whole.evaluation + LATENTS * whole.k  # of images; then collapse's
        fit = 0.0 if self.learner else self.fit_seconds
        return fit + trained * whole.steps / self.protocol.steps + pairs * a_question


def _time(seconds: float) -> str:
    if seconds < 60:
        return " < 1 min"
    if seconds < 3600:
        return f"{seconds / 60:4.0f} min"
    return f"{seconds / 3600:,.1f} hours"


def _size(memory: int) -> str:
    return f"{memory / 1e9:.1f} GB"
