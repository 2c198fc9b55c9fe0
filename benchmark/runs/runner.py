"""Runs the grid: computes each cell that is not done, and stores what became of it.

Each method of a group first fits its directions. Then every A is frozen and a new R is trained on
it, the same protocol for all, in lockstep. Last, R answers the held-out questions.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors.torch import save_file

from benchmark.core.device import device_name, versions
from benchmark.core.seeds import derive_seed, stream
from benchmark.core.storage import sha256, write_atomically
from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenColumns
from benchmark.generators.fast.parts import InParts, most_on
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.planted import Planted
from benchmark.methods.method import Assignment, Fitted
from benchmark.metrics.collapse import collapse
from benchmark.metrics.recovery import recovery
from benchmark.metrics.redundancy import redundancy
from benchmark.rca import evaluation
from benchmark.rca.reconstructor import INPUT_SIDE
from benchmark.rca.training import Learner, train
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Result, read_cell, write_table


def execute(groups: Sequence[Group], run: Path, device: str, force: bool) -> Iterator[Result]:
    """Compute what is not done yet, a group at a time; yields each cell's result, old or new.

    A cell that fails is stored with its reason, and the next run tries it again.
    """
    for group in groups:
        waiting = []
        for job in group.jobs:
            if force:
                shutil.rmtree(job.cell.folder(run), ignore_errors=True)
            if (stored := done(job, run)) is not None:
                yield stored
            else:
                waiting.append(job)
        if waiting:
            yield from GroupRun(group, run, device).results(waiting)


def done(job: Job, run: Path) -> Result | None:
    """What the job gave, if it has been computed."""
    stored = read_cell(job.cell.folder(run))
    return stored.result if stored is not None and stored.result.status == "done" else None


class GroupRun:
    """The computation of one group's cells on one device."""

    def __init__(self, group: Group, run: Path, device: str) -> None:
        self.group, self.run, self.device = group, run, device
        side = INPUT_SIDE[group.protocol.reconstructor]
        prepared = prepare(group.generator, device, side)
        self.generator = InParts(prepared, most_on(device, group.generator))

    def results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Fit, train and judge each job; a failure ends that job alone."""
        trained: list[tuple[Job, Fitted, Learner, dict[str, float]]] = []
        for job in jobs:
            began = time.perf_counter()
            try:
                fitted = self._fit(job)
                fresh = self._fresh_learner(job, fitted)
            except Exception as error:  # noqa: BLE001 - whatever a method raises is its result
                yield self._store_failure(job, error)
                continue
            spent = fitted.learner.seconds if fitted.learner else time.perf_counter() - began
            trained.append((job, fitted, fresh, {"fit": spent}))
        if not trained:
            return
        train(
            self.generator,
            [fresh for _, _, fresh, _ in trained],
            self.group.protocol,
            self._name("fresh"),
            [job.cell.folder(self.run) / "fresh.pt" for job, *_ in trained],
            label=f"{self.group.name} seed {self.group.seed}: fresh R",
        )
        for job, fitted, fresh, seconds in trained:
            began = time.perf_counter()
            try:
                if fresh.failure:
                    raise fresh.failure
                files, metrics = self._judge(job, fitted, fresh)
            except Exception as error:  # noqa: BLE001 - as above
                yield self._store_failure(job, error)
                continue
            seconds |= {"fresh": fresh.seconds, "evaluation": time.perf_counter() - began}
            yield self._store(job, files, metrics, seconds)

    def _fit(self, job: Job) -> Fitted:
        assignment = Assignment(
            self.generator,
            self.group.protocol,
            rng=stream(self._name("fit"), job.cell.method),
            stream_name=self._name("joint"),
            r_seed=derive_seed(self._name("joint R")),
            device=self.device,
            checkpoint=job.cell.folder(self.run) / "fit.pt",
            label=f"{self.group.name} seed {self.group.seed}: {job.cell.method}",
        )
        return job.method.fit(assignment)

    def _fresh_learner(self, job: Job, fitted: Fitted) -> Learner:
        """An untrained R before the method's frozen A; all methods start from the same R."""
        return Learner(
            job.cell.method,
            FrozenColumns(fitted.matrix),
            self.generator.image_shape,
            self.group.protocol,
            derive_seed(self._name("fresh R")),
            self.device,
        )

    def _judge(self, job: Job, fitted: Fitted, fresh: Learner) -> tuple[list[Path], dict[str, Any]]:
        """Write all that the cell leaves behind; returns the files and the figures."""
        folder = job.cell.folder(self.run)
        files = [folder / "directions.safetensors", folder / "predictions.parquet"]
        directions = Directions(fitted.matrix, self._provenance(job))
        directions.check_fits(self.generator)
        directions.save(files[0])
        predictions = self._predict(fitted, fresh)
        write_table(files[1], predictions)
        accuracy = evaluation.summarise(predictions)
        joint = accuracy
        curves = {"fresh": fresh}
        if fitted.learner is not None:
            answers = self._predict(fitted, fitted.learner)
            joint = evaluation.summarise(answers)
            curves["joint"] = fitted.learner
            files += [folder / "predictions_joint.parquet", folder / "evolution.safetensors"]
            write_table(files[2], answers)
            write_snapshots(files[3], fitted.learner)
        files.append(folder / "curves.parquet")
        write_table(files[-1], pd.concat([curve_table(phase, c) for phase, c in curves.items()]))
        return files, {
            "rca_fresh": accuracy.rca,
            "rca_fresh_low": accuracy.low,
            "rca_fresh_high": accuracy.high,
            "rca_joint": joint.rca,
            "rca_joint_low": joint.low,
            "rca_joint_high": joint.high,
            "top5": accuracy.top5,
            "shift_error": accuracy.shift_error,
            "n": accuracy.n,
            "k": len(directions),
            "chance": 1.0 / len(directions),
            **self._image_metrics(fitted),
        }

    def _predict(self, fitted: Fitted, learner: Learner) -> pd.DataFrame:
        """Answers to the evaluation stream, which depends on the generator alone."""
        return evaluation.predict(
            self.generator,
            fitted.matrix,
            learner.reconstructor.eval(),
            self.group.protocol,
            stream(self.group.name, "evaluation"),
        )

    def _image_metrics(self, fitted: Fitted) -> dict[str, Any]:
        """Beside every RCA: what it may have been bought with."""
        ratios = collapse(
            self.generator,
            fitted.matrix,
            self.group.protocol.max_shift,
            stream(self.group.name, "collapse"),
        )
        metrics: dict[str, Any] = asdict(redundancy(fitted.matrix))
        metrics |= {"collapse": float(ratios.mean()), "collapse_by_direction": ratios.tolist()}
        if isinstance(self.group.generator, Planted):
            metrics["recovery"] = recovery(fitted.matrix, self.group.generator.axes.cpu())
        return metrics

    def _provenance(self, job: Job) -> dict[str, str]:
        return {
            "method": job.cell.method,
            "generator": job.cell.generator,
            "generator_hash": job.config["generator_hash"],
            "config_hash": job.cell.config_hash,
            "seed": str(job.cell.seed),
            **versions(),
        }

    def _store(
        self, job: Job, files: list[Path], metrics: dict[str, Any], seconds: dict[str, float]
    ) -> Result:
        digests = {file.name: sha256(file) for file in files}
        result = Result(
            job.cell,
            "done",
            job.config,
            metrics=metrics,
            seconds=seconds,
            device=device_name(self.device),
            versions=versions(),
            files=digests,
        )
        result.write(self.run)
        folder = job.cell.folder(self.run)
        for served in (*folder.glob("*.pt"), *folder.glob(".*.part")):  # a kill leaves parts
            served.unlink()
        return result

    def _store_failure(self, job: Job, error: Exception) -> Result:
        reason = f"{type(error).__name__}: {error}"
        result = Result(
            job.cell,
            "failed",
            job.config,
            reason=reason,
            device=device_name(self.device),
            versions=versions(),
        )
        result.write(self.run)
        return result

    def _name(self, purpose: str) -> str:
        """Names a random stream; methods are no part of it, so all get the same."""
        return f"{self.group.name} seed {self.group.seed} {purpose}"


def curve_table(phase: str, learner: Learner) -> pd.DataFrame:
    """A training curve: phase, step, and means since the last row of loss, its terms, accuracy."""
    columns = ["step", "loss", "direction_loss", "shift_loss", "accuracy"]
    return pd.DataFrame(learner.curve, columns=columns).assign(phase=phase)


def write_snapshots(path: Path, learner: Learner) -> None:
    """A after each kept step, as `step_<n>` in one safetensors file."""
    tensors = {f"step_{step}": matrix.contiguous() for step, matrix in learner.snapshots.items()}
    write_atomically(path, lambda part: save_file(tensors, part))
