"""The second half of a group's work: every R answers the held-out questions, metrics look at it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from benchmark.core.device import device_name, versions
from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import phase
from benchmark.core.seeds import stream
from benchmark.core.storage import sha256
from benchmark.directions.shift import Shift
from benchmark.generators.base import Generator
from benchmark.generators.passes import Passes
from benchmark.methods.method import Fitted
from benchmark.metrics import OF_DIRECTIONS
from benchmark.metrics.metric import Evidence, Metric, mark, measure
from benchmark.rca import evaluation
from benchmark.rca.training import Learner
from benchmark.runs.cell_files import write_cell
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Result, StoredCell


@dataclass(frozen=True)
class Trained:
    """A job under way: its directions, the fresh R for them, and what its phases took: seconds, and
    passes of G, None where they are not known."""

    job: Job
    fitted: Fitted
    fresh: Learner
    seconds: dict[str, float]
    passes: dict[str, Passes | None]

    def examined(self) -> evaluation.Examined:
        """The shift with its fresh R and, where one learned together with it, that R too. Raises
        Diverged where the training of the fresh one failed."""
        if self.fresh.failure:
            raise self.fresh.failure
        learners = [one for one in (self.fresh, self.fitted.learner) if one is not None]
        shift = self.fitted.shift.frozen()
        return evaluation.Examined(shift, [one.reconstructor.eval() for one in learners])

    def graphs(self) -> list[str]:
        """The phases whose steps were CUDA graphs."""
        learners = {"fit": self.fitted.learner, "fresh": self.fresh}
        return [phase for phase, one in learners.items() if one is not None and one.graphed]


@dataclass(frozen=True)
class Answers:
    """What the fresh R answered and the one that learned together with the directions, if any;
    seconds: this method's part of the time that asking all of them took."""

    fresh: pd.DataFrame
    joint: pd.DataFrame | None
    seconds: float


class Examiner:
    """Judges the trained jobs of one group on one device. generator: prepared, and there."""

    def __init__(
        self,
        group: Group,
        generator: Generator,
        run: Path,
        device: str,
        metrics: Mapping[str, Metric],
    ) -> None:
        self.group, self.generator, self.run = group, generator, run
        self.device, self.metrics = device, metrics

    def results(self, trained: Sequence[Trained]) -> Iterator[tuple[Job, Result | Failure]]:
        """Each job's result, written to its folder, or why there is none."""
        for one, answers in zip(trained, self._answers(trained), strict=True):
            if isinstance(answers, Failure):
                yield one.job, answers
            else:
                yield one.job, attempt(self._result, one, answers)

    def again(self, stored: StoredCell) -> Result:
        """A done cell with the figures of those metrics that it lacks; all else stays as it was."""
        missing = lacking(stored, self.metrics)
        kept = [one for one in stored.result.measured if one.partition(" ")[0] not in missing]
        evidence = self._evidence(stored.directions().shift, *stored.answers())
        before, found = stored.result.metrics, measure(missing, evidence)
        nested = {
            key: {**before.get(key, {}), **found.get(key, {})}
            for key in OF_DIRECTIONS
            if key in before or key in found
        }
        result = replace(
            stored.result,
            measured=(*kept, *(mark(name, metric) for name, metric in missing.items())),
            metrics={**before, **found, **nested},
        )
        result.write(self.run)
        return result

    def _answers(self, trained: Sequence[Trained]) -> list[Answers | Failure]:
        """What every R says about the held-out pairs, in one pass over the questions, which depend
        on the generator alone."""
        parts = [attempt(one.examined) for one in trained]
        able = [part for part in parts if not isinstance(part, Failure)]
        began = time.perf_counter()
        with phase(f"{self.group.label}: asking every R"):
            terms, questions = self.group.protocol, self._stream("evaluation")
            tables = attempt(evaluation.predict, self.generator, able, terms, questions)
        seconds = (time.perf_counter() - began) / max(1, len(able))
        found = iter([tables] * len(able) if isinstance(tables, Failure) else tables)
        said = [part if isinstance(part, Failure) else next(found) for part in parts]
        return [
            one if isinstance(one, Failure) else Answers(one[0], [*one[1:], None][0], seconds)
            for one in said
        ]

    def _result(self, one: Trained, answers: Answers) -> Result:
        """Let the metrics look at the cell, and write all that it leaves behind."""
        began = time.perf_counter()
        with phase(f"{self.group.label}: judging {one.job.cell.method}"):
            result = self._judged(one, answers)
        spent = answers.seconds + time.perf_counter() - began
        seconds = {**one.seconds, "fresh": one.fresh.seconds, "evaluation": spent}
        of_phases = {**one.passes, "fresh": one.fresh.passes}
        passes = {phase: n.state() for phase, n in of_phases.items() if n is not None}
        result = replace(result, seconds=seconds, passes=passes)
        result.write(self.run)
        folder = result.cell.folder(self.run)
        for served in (*folder.glob("*.pt"), *folder.glob(".*.part")):  # a kill leaves parts
            served.unlink()
        return result

    def _judged(self, one: Trained, answers: Answers) -> Result:
        job, shift = one.job, one.fitted.shift
        files = write_cell(
            job, self.generator, self.run, one.fitted, answers.fresh, answers.joint, one.fresh
        )
        evidence = self._evidence(shift, answers.fresh, answers.joint)
        facts = {"n": len(answers.fresh), "k": shift.k, "chance": 1.0 / shift.k}
        return Result(
            job.cell,
            "done",
            job.config,
            role=job.method.role,
            measured=tuple(mark(name, metric) for name, metric in self.metrics.items()),
            metrics={**measure(self.metrics, evidence), **facts},
            device=device_name(self.device),
            graphs=one.graphs(),
            versions=versions(),
            files={file.name: sha256(file) for file in files},
        )

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

    def _stream(self, purpose: str) -> torch.Generator:
        """A stream that every method and seed of the generator shares."""
        return stream(self.group.name, purpose)


def lacking(stored: StoredCell, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """The metrics that have not judged the cell, or by other code than today's."""
    measured = {*stored.result.measured}
    return {name: one for name, one in metrics.items() if mark(name, one) not in measured}
