"""What a run will cost before it starts: each cell's steps, its time on this device, its memory.

It does a few training steps and scales their time up. Where even one step takes long, as with a
large generator on a CPU, it does only one. A fit that goes down a loss of its own has steps, too,
and a few of them are timed. No other method fits here: a fit that has no steps runs once, in the
run, and how long it takes is not known before. An interrupted cell counts in full. Of a done cell
that further metrics are to judge, the images that they make count.
"""

import contextlib
import io
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmark.core.device import forget_peak, peak
from benchmark.core.failures import Failure, attempt
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Learned
from benchmark.methods.own_loss import OwnLoss
from benchmark.metrics.metric import Metric, images_of
from benchmark.rca import evaluation
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train
from benchmark.runs.engines.placing import UnitCost
from benchmark.runs.examiner import lacking
from benchmark.runs.grid import Group, Job
from benchmark.runs.lockstep import GroupRun
from benchmark.runs.results import Cell
from benchmark.runs.unit import done

PATIENCE = 5.0  # seconds that a first try may take to be followed by a better one
STEPS = 3  # training steps of the better one


@dataclass(frozen=True)
class Cost:
    """Estimates for one cell: seconds of all its phases, and peak memory of its group in bytes.

    steps: of all trainings: of the fresh R, and before it of A, with an R or by a loss of its own;
    0 where a done cell is only to be judged. fits: whether the method also has a fit without steps,
    which is not timed. reason: why the cell cannot run; it then counts as no seconds.
    """

    generator: str
    method: str
    steps: int
    seconds: float
    memory: int
    fits: bool = False
    reason: str = ""


def costs(
    groups: Iterable[Group], run: Path, device: str, force: bool, metrics: Mapping[str, Metric]
) -> dict[Cell, Cost]:
    """The cost of each cell that `execute` would compute or judge; seeds are timed once."""
    known: dict[Cell, Cost] = {}  # by cell, whatever its seed
    timed: dict[tuple[str, Protocol], tuple[float, int] | Failure] = {}  # `_image_alone`
    found: dict[Cell, Cost] = {}
    for group in groups:
        stored = [(job, None if force else done(job, run)) for job in group.jobs]
        waiting = [job for job, cell in stored if cell is None]
        new = [job for job in waiting if _work(job) not in known]
        if new:
            known |= zip(map(_work, new), price(group, new, device, metrics), strict=True)
        found |= {job.cell: known[_work(job)] for job in waiting}
        unjudged = [(job, lacking(cell, metrics)) for job, cell in stored if cell is not None]
        for job, missing in unjudged:
            if missing:
                place = group.reference, group.protocol
                if place not in timed:
                    timed[place] = attempt(_image_alone, group, device)
                images = images_of(missing, group.protocol.k)
                found[job.cell] = _judging(group, job, images, timed[place])
    return found


def price(
    group: Group, jobs: Sequence[Job], device: str, metrics: Mapping[str, Metric]
) -> list[Cost]:
    """The costs of jobs of one group, which run in lockstep."""
    images = images_of(metrics, group.protocol.k)
    print(f"timing a few steps of {group.name}", file=sys.stderr, flush=True)  # can take minutes
    forget_peak(device)
    trials = attempt(_trials, group, jobs, device)
    seconds = trials if isinstance(trials, Failure) else _timed(trials, group.protocol, images)
    each = [seconds] * len(jobs) if isinstance(seconds, Failure) else seconds
    memory = peak(device)
    return [_cost(group, job, one, memory) for job, one in zip(jobs, each, strict=True)]


def _timed(
    trials: Sequence["_Trial | Failure"], protocol: Protocol, images: int
) -> Sequence[float | Failure] | Failure:
    """Seconds of each, from as many steps as patience allows."""
    began = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):  # the progress of so few steps says nothing
        first = attempt(_rehearse, trials, protocol, 1, 2, images)
        if time.perf_counter() - began > PATIENCE:
            return first
        return attempt(_rehearse, trials, protocol, STEPS, evaluation.EVALUATION_BATCH, images)


def _cost(group: Group, job: Job, seconds: float | Failure, memory: int) -> Cost:
    name, method, protocol = job.cell.method, job.method, group.protocol
    steps, fits = protocol.steps, False  # of the fresh R
    if isinstance(method, Learned):
        steps += protocol.steps
    elif isinstance(method, OwnLoss):
        steps += method.steps_under(protocol)
    else:
        fits = True
    if isinstance(seconds, Failure):
        reason = f"cannot run: {seconds.reason}"
        return Cost(group.name, name, steps, 0.0, 0, reason=reason)
    return Cost(group.name, name, steps, seconds, memory, fits)


def _judging(group: Group, job: Job, images: int, an_image: tuple[float, int] | Failure) -> Cost:
    """What it costs to judge a done cell by further metrics, which make so many images."""
    name, method = group.name, job.cell.method
    if isinstance(an_image, Failure):
        return Cost(name, method, 0, 0.0, 0, reason=f"cannot run: {an_image.reason}")
    seconds, memory = an_image
    return Cost(name, method, 0, images * seconds, memory)


def _image_alone(group: Group, device: str) -> tuple[float, int]:
    """Seconds of an image of G without any R, and peak memory in bytes."""
    print(f"timing a few images of {group.name}", file=sys.stderr, flush=True)
    forget_peak(device)
    generator = GroupRun(group, Path(), device, {}).generator
    for images in (2, evaluation.EVALUATION_BATCH):
        latents = generator.sample(images, torch.Generator().manual_seed(0)).to(device)
        began = time.perf_counter()
        with torch.no_grad():
            generator(latents).cpu()  # waits for a card
        seconds = time.perf_counter() - began
        if seconds > PATIENCE:
            break
    return seconds / images, peak(device)


def total(estimates: Iterable[Cost]) -> float:
    """Seconds of all cells together."""
    return sum(cost.seconds for cost in estimates)


def units_of(groups: Iterable[Group], found: Mapping[Cell, Cost]) -> list[UnitCost]:
    """What each unit costs in which a cell is missing."""
    units = []
    for group in groups:
        of_cells = [found[job.cell] for job in group.jobs if job.cell in found]
        if of_cells:
            memory = max(cost.memory for cost in of_cells)
            units.append(UnitCost(total(of_cells), memory, group.protocol.threads))
    return units


def statement(estimates: Sequence[Cost], wall: float | None = None, where: str = "") -> list[str]:
    """The costs as lines of text: one line for all cells of equal work, then the total.

    wall: seconds until all are done, where several are computed at once; where: by what, in words.
    """
    lines = []
    for cost, cells in Counter(estimates).items():
        work = f"{cells} x {cost.steps:,} steps" if cost.steps else f"{cells} to judge"
        figures = cost.reason or f"{_time(cells * cost.seconds)} {_size(cost.memory)}"
        figures += " *" if cost.fits else ""  # no line is longer than 80 columns
        lines.append(f"  {cost.generator:20} {cost.method:15} {work:>19} {figures}")
    memory = max((cost.memory for cost in estimates), default=0)
    in_all = f"in all, on {where}" if where else "in all"
    note = ["  * and the time to find its directions, once a cell, which nobody knows before"]
    return [
        *lines,
        f"  {in_all:56} {_time(total(estimates) if wall is None else wall)} {_size(memory)}",
        *(note if any(cost.fits for cost in estimates) else []),
    ]


def _work(job: Job) -> Cell:
    return replace(job.cell, seed=0)


@dataclass(frozen=True)
class _Trial:
    """A job over a few steps. learner: its directions and their R where they learn together, else
    None. own: its method where that has a loss of its own, and what it is given, else None. fresh:
    a new R, on directions that serve for timing."""

    generator: Generator
    learner: Learner | None
    own: tuple[OwnLoss, Assignment] | None
    fresh: Learner


def _trials(group: Group, jobs: Sequence[Job], device: str) -> list[_Trial | Failure]:
    """What `_rehearse` trains; raises BenchError where the generator cannot run at all."""
    work = GroupRun(group, Path(), device, {})
    return [attempt(_trial, work, group, job, device) for job in jobs]


def _trial(work: GroupRun, group: Group, job: Job, device: str) -> _Trial:
    generator, few = work.generator, replace(group.protocol, steps=STEPS)
    rng = torch.Generator().manual_seed(0)
    task = Assignment(group.generator, generator, few, rng, "cost", 0, device)
    learner = work.learner(job.method, task) if isinstance(job.method, Learned) else None
    own = (job.method, task) if isinstance(job.method, OwnLoss) else None
    places = torch.arange(few.k) % generator.latent_dim  # (K,)
    shift = FrozenLinear(torch.eye(generator.latent_dim)[:, places])  # (d, K)
    fresh = Learner(job.cell.method, shift, generator.image_shape, few, 0, device)
    return _Trial(generator, learner, own, fresh)


def _rehearse(
    trials: Sequence[_Trial | Failure], whole: Protocol, steps: int, questions: int, images: int
) -> list[float | Failure]:
    """Do `steps` steps of each training, answer `questions` questions, and scale both up."""
    few = replace(whole, steps=steps, evaluation=questions)
    able = [trial for trial in trials if isinstance(trial, _Trial)]
    for trial in able:
        if trial.learner is not None:
            _train(trial.generator, [trial.learner], few)
    if able:
        _train(able[0].generator, [trial.fresh for trial in able], few)
    asked = [trial for trial in able if not trial.fresh.failure]
    an_image = _image(asked, few) if asked else 0.0
    return [
        trial
        if isinstance(trial, Failure)
        else attempt(_seconds, trial, whole, few, an_image, len(asked), images)
        for trial in trials
    ]


def _image(trials: Sequence[_Trial], few: Protocol) -> float:
    """Seconds of an image, with its share of R's work, from questions to all trials together."""
    examined = [evaluation.Examined(t.fresh.shift, [t.fresh.reconstructor.eval()]) for t in trials]
    began = time.perf_counter()
    rng = torch.Generator().manual_seed(0)
    evaluation.predict(trials[0].generator, examined, few, rng)
    seconds = time.perf_counter() - began
    for trial in trials:
        trial.fresh.reconstructor.train()
    return seconds / few.evaluation / (1 + len(trials))  # G(z) is made once for all


def _train(generator: Generator, learners: Sequence[Learner], few: Protocol) -> None:
    for learner in learners:  # may have been timed before
        learner.step, learner.clock.seconds = 0, 0.0
    train(generator, learners, few, "cost", [None] * len(learners), "cost")


def _seconds(
    trial: _Trial, whole: Protocol, few: Protocol, an_image: float, together: int, images: int
) -> float:
    """Seconds of all phases of the `whole` protocol, from those that were trained for `few`.

    an_image: seconds of an image in the evaluation; together: how many methods share G(z) there;
    images: that metrics make.
    """
    trained = [one for one in (trial.learner, trial.fresh) if one is not None]
    for learner in trained:
        if learner.failure:
            raise learner.failure
    steps = sum(learner.seconds for learner in trained) / few.steps
    fit = 0.0
    if trial.own is not None:
        method, task = trial.own
        began = time.perf_counter()
        replace(method, steps=few.steps).fit(task)
        fit = (time.perf_counter() - began) / few.steps * method.steps_under(whole)
    asked = whole.evaluation * (1 + 1 / together)  # images for R
    return fit + steps * whole.steps + (asked + images) * an_image


def _time(seconds: float) -> str:
    if seconds < 60:
        return " < 1 min"
    if seconds < 3600:
        return f"{seconds / 60:4.0f} min"
    return f"{seconds / 3600:,.1f} hours"


def _size(memory: int) -> str:
    return f"{memory / 1e9:.1f} GB"
