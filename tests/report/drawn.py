"""Runs made of drawn numbers: what `bench run` would leave behind, without its training."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from benchmark.core.json_files import write_json
from benchmark.core.storage import sha256
from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.families.planted import Planted
from benchmark.generators.stored import weights_hash
from benchmark.metrics import METRICS
from benchmark.metrics.accuracy import direction_table
from benchmark.metrics.measures import measures_of
from benchmark.report.judged import Judged, JudgedCell
from benchmark.runs.results import Cell, Result, read_cells, write_table
from benchmark.tables.table import Column, Table

STEPS = 200
MEASURES = measures_of(METRICS)
ORDER = ("discovered", "coordinate", "random")


def draw_predictions(rng: np.random.Generator, k: int, n: int, skill: float) -> pd.DataFrame:
    """n answers of an R that is right more often for long shifts, and else often names a twin."""
    asked = rng.integers(0, k, n)
    eps = rng.uniform(-6, 6, n)
    easy = np.linspace(1.3, 0.5, k)[rng.permutation(k)][asked]
    right = rng.random(n) < np.clip(skill * easy * np.abs(eps) / 3, 1 / k, 1)
    near = np.where(rng.random(n) < 0.5, asked ^ 1, rng.integers(0, k, n)) % k
    answered = np.where(right, asked, near)
    return pd.DataFrame(
        {
            "k": asked.astype(np.int16),
            "eps": eps.astype(np.float32),
            "k_hat": answered.astype(np.int16),
            "eps_hat": (eps + rng.normal(0, 1, n)).astype(np.float32),
            "rank": np.where(answered == asked, 0, rng.integers(1, k + 1, n)).astype(np.int16),
        }
    )


def draw_curve(rng: np.random.Generator, phase: str, skill: float) -> pd.DataFrame:
    step = np.arange(1, STEPS + 1)
    accuracy = skill * (1 - np.exp(-step / 40)) + rng.normal(0, 0.02, STEPS)
    loss = 4 * np.exp(-step / 60) + 1 - skill
    return pd.DataFrame(
        {
            "step": step,
            "loss": loss,
            "direction_loss": loss / 2,
            "shift_loss": loss / 2,
            "accuracy": accuracy.clip(0, 1),
            "phase": phase,
        }
    )


def write_cell(
    run: Path,
    generator: str,
    method: str,
    seed: int,
    k: int = 8,
    n: int = 600,
    skill: float = 0.5,
    failure: str = "",
    role: str | None = None,
    figures: dict[str, Any] | None = None,
    of_directions: dict[str, list[Any]] | None = None,
    method_settings: dict[str, Any] | None = None,
    **protocol: Any,
) -> Cell:
    """A cell with the figures that its own predictions give; what is not given is usual.

    role: as stored; by default discovered is under test and all others are baselines. figures,
    of_directions: what else was measured of the cell and of its directions, by column.
    """
    if role is None:
        role = "method" if method == "discovered" else "baseline"
    own = {"space": "unit", "lr": 2e-4} if method == "discovered" else {}
    config = {
        "generator_hash": weights_hash(Planted()),
        "protocol": {"k": k, "steps": STEPS, "max_shift": 6.0, "min_shift": 0.0, **protocol},
        "method": {**own, **(method_settings or {})},
    }
    config_hash = hashlib.sha256(repr((method, config)).encode()).hexdigest()[:10]
    cell = Cell(generator, method, seed, config_hash)
    if failure:
        Result(cell, "failed", config, reason=failure, role=role).write(run)
        return cell
    folder = cell.folder(run)
    rng = np.random.default_rng([seed, k, *method.encode()])
    torch_rng = torch.Generator().manual_seed(seed)
    matrix = torch.nn.functional.normalize(torch.randn(16, k, generator=torch_rng), dim=0)
    Directions(FrozenLinear(matrix), {"method": method}).save(folder / "directions.safetensors")
    predictions = draw_predictions(rng, k, n, skill)
    write_table(folder / "predictions.parquet", predictions)
    curves = [draw_curve(rng, "fresh", skill)]
    if method == "discovered":
        curves.append(draw_curve(rng, "joint", skill))
        write_table(folder / "predictions_joint.parquet", draw_predictions(rng, k, n, skill))
        start = torch.nn.functional.normalize(matrix + 1, dim=0)
        stages = {0: start, STEPS: matrix} | {
            int(share * STEPS): start + 2 * share * matrix for share in (0.25, 0.5, 0.75)
        }
        tensors = {f"step_{step}": stage.contiguous() for step, stage in stages.items()}
        save_file(tensors, folder / "evolution.safetensors")
    write_table(folder / "curves.parquet", pd.concat(curves))
    share = float((predictions["k"] == predictions["k_hat"]).mean())
    collapse = np.linspace(0.7, 1.0, k)
    metrics = {
        "rca_fresh": share,
        "rca_joint": share,
        "top5": float((predictions["rank"] < 5).mean()),
        "shift_error": float((predictions["eps"] - predictions["eps_hat"]).abs().mean()),
        "n": n,
        "k": k,
        "chance": 1 / k,
        "max_cosine": 0.4 if method == "discovered" else 0.0,
        "effective_rank": k / 2,
        "collapse": float(collapse.mean()),
        **(figures or {}),
        "by_direction": {
            **of_answers(predictions, k),
            "collapse": collapse.tolist(),
            **(of_directions or {}),
        },
    }
    files = {file.name: sha256(file) for file in sorted(folder.iterdir())}
    seconds = {"fit": 1.5, "fresh": 2.5, "evaluation": 0.25}
    Result(cell, "done", config, role=role, metrics=metrics, seconds=seconds, files=files).write(
        run
    )
    return cell


def of_answers(predictions: pd.DataFrame, k: int) -> dict[str, list[Any]]:
    """What a cell stores of how often R named each direction; None where it was never asked."""
    table = direction_table(predictions, k).astype(object)
    return table.where(table.notna(), None).to_dict("list")  # type: ignore[return-value]


def write_run(run: Path) -> Path:
    """Two seeds of two methods on `planted`, one of them learning, and what `run.json` says."""
    headline = {
        method: write_cell(run, "planted", method, seed, skill=skill).config_hash
        for method, skill in (("discovered", 0.7), ("random", 0.4))
        for seed in (0, 1)
    }
    write_json(run / "run.json", {"headline": {"planted": headline}})
    return run


HOSTILE = "<script>alert('x')</script> & \"rotation\" http://example.org/x.png"


def draw_judged(simulated: bool = True, label: str = HOSTILE) -> Judged:
    """Judgments of five directions of each method of `write_run`, the method's the better."""
    rng = np.random.default_rng(7)
    rows = [
        {
            "generator": "planted",
            "method": method,
            "direction": str(k),
            "mos": mos,
            "low": max(0.0, mos - 0.3),
            "high": min(1.0, mos + 0.3),
            "n": 10,
            "category": "geometry",
            "label": label if k == 3 else None,
        }
        for method, share in (("discovered", 0.8), ("random", 0.3))
        for k, mos in enumerate((rng.binomial(10, share, 8) / 10).tolist())
        if k != 6
    ]
    words = "Simulated answers, no people." if simulated else "Answers of people."
    table = Table(
        "mos",
        "MOS of each method",
        pd.DataFrame({"method": ["discovered", label], "mos": [0.75, None], "directions": [7, 7]}),
        {
            "method": Column("Whose directions.", "text"),
            "mos": Column("The share of yes."),
            "directions": Column("How many.", "count"),
        },
        (words,),
    )
    picture = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    figures = (("mos", ".svg", picture), ("own_figure", ".png", b"no picture"))
    remarks = ("The plan is unchanged.",)
    return Judged(simulated, (table,), pd.DataFrame(rows), figures, remarks, of_write_run())


@cache
def of_write_run() -> tuple[JudgedCell, ...]:
    """The cells of the lowest seed in what `write_run` writes."""
    with tempfile.TemporaryDirectory() as folder:
        results = [stored.result for stored in read_cells(write_run(Path(folder)))]
    return tuple(
        JudgedCell(result.cell, result.files["directions.safetensors"])
        for result in results
        if result.cell.seed == 0
    )
