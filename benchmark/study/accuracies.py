"""RCA of each direction that people judged: as the study stored it, or read again from the run.

A study shows the directions of one seed of each method, so these are the accuracies of that cell
alone: direction k of another seed is another direction.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.judgments import DIRECTION
from benchmark.runs.results import Cell, StoredCell, read_cell
from benchmark.stats.paired import direction_accuracies

COLUMNS = [*DIRECTION, "n", "accuracy"]


def cell_accuracies(stored: StoredCell) -> list[dict[str, Any]]:
    """One record per direction that R was asked about: k, n, accuracy; none without predictions."""
    predictions = stored.table("predictions")
    if predictions is None:
        return []
    cell = stored.result.cell
    named = predictions.assign(generator=cell.generator, method=cell.method, seed=cell.seed)
    found = direction_accuracies(named)
    return [
        {"k": k, "n": n, "accuracy": accuracy}
        for k, n, accuracy in zip(
            found["k"].tolist(), found["n"].tolist(), found["accuracy"].tolist(), strict=True
        )
    ]


def study_accuracies(provenance: Mapping[str, Any], run: Path | None) -> pd.DataFrame:
    """One row per direction: generator, method, direction, n, accuracy. Empty where none are known.

    provenance: of the study. run: read there instead of taking what the study stored.
    """
    rows = []
    for origin in study_origins(provenance):
        known = origin["rca"] if run is None else cell_accuracies(origin_cell(origin, run))
        for record in known:
            place = {"generator": origin["generator"], "method": origin["method"]}
            rows.append(
                place | {"direction": record["k"], "n": record["n"], "accuracy": record["accuracy"]}
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def study_origins(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells that the study's directions come from; none where it was built without a run."""
    cells = provenance.get("cells", {}).values()
    return [origin for origin in cells if isinstance(origin, dict)]


def origin_cell(origin: Mapping[str, Any], run: Path) -> StoredCell:
    """The cell in `run`. Raises BenchError unless its directions are those that people saw."""
    cell = Cell(*(origin[name] for name in ("generator", "method", "seed", "config_hash")))
    stored = read_cell(cell.folder(run))
    if stored is None:
        raise BenchError(
            f"the study's directions of {cell.method} on {cell.generator} come from "
            f"{cell.folder(run)}, which is not there; name the run's folder with --run"
        )
    if stored.result.directions_sha256 != origin["directions_sha256"]:
        raise BenchError(
            f"{stored.folder} holds other directions than the study showed; "
            "name the run that it was built from with --run"
        )
    return stored
