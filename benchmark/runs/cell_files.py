"""What a trained cell leaves behind beside its result: directions, answers, curves, evolution."""

from pathlib import Path

import pandas as pd

from benchmark.core.device import versions
from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.stored_shift import write_snapshots
from benchmark.generators.base import Generator
from benchmark.methods.method import Fitted
from benchmark.rca.training import Learner
from benchmark.runs.grid import Job
from benchmark.runs.results import FRESH, JOINT, write_table


def write_cell(
    job: Job,
    generator: Generator,
    run: Path,
    fitted: Fitted,
    predictions: pd.DataFrame,
    joint: pd.DataFrame | None,
    fresh: Learner,
) -> list[Path]:
    """Write the files of `benchmark.runs.results`; returns them. joint: of a method whose R learned
    together with its directions, else None."""
    folder, learner = job.cell.folder(run), fitted.learner
    files = [folder / "directions.safetensors", folder / FRESH]
    notes = {**fitted.notes, **_scale(fitted.shift, generator), **_provenance(job, generator)}
    Directions(fitted.shift, notes, fitted.labels).save(files[0])
    write_table(files[1], predictions)
    curves = {"fresh": fresh}
    if learner is not None and joint is not None:
        curves["joint"] = learner
        files.append(folder / JOINT)
        write_table(files[-1], joint)
        if learner.snapshots:
            files.append(folder / "evolution.safetensors")
            write_snapshots(files[-1], learner.snapshots)
    files.append(folder / "curves.parquet")
    write_table(files[-1], pd.concat([curve_table(phase, c) for phase, c in curves.items()]))
    return files


def curve_table(phase: str, learner: Learner) -> pd.DataFrame:
    """A training curve: phase, step, and means since the last row of loss, its terms, accuracy."""
    columns = ["step", "loss", "direction_loss", "shift_loss", "accuracy"]
    return pd.DataFrame(learner.curve, columns=columns).assign(phase=phase)


def _scale(shift: Shift, generator: Generator) -> dict[str, str]:
    """How long one eps is along each column, for whoever moves without this suite; nothing in z,
    where it is 1."""
    ruler = generator.ruler()
    if ruler is None or not isinstance(shift, FrozenLinear):
        return {}
    along = ruler.to("cpu").along(shift.fixed.cpu().T).tolist()  # (K,)
    scale = ",".join(f"{value:.6g}" for value in along)  # as `bench import` writes a file's own
    return {"scale": scale, "scale_of": f"standard deviation of {generator.space}"}


def _provenance(job: Job, generator: Generator) -> dict[str, str]:
    return {
        **generator.frame(),
        "method": job.cell.method,
        "generator": job.cell.generator,
        "generator_hash": job.config["generator_hash"],
        "config_hash": job.cell.config_hash,
        "seed": str(job.cell.seed),
        **versions(),
    }
