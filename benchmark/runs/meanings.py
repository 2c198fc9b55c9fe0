"""What the columns of a run mean: kept in run.json, so that a reader needs no metric's code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.core.json_files import write_json
from benchmark.metrics.measures import Measures, measures_of, pack, unpack
from benchmark.metrics.metric import Metric
from benchmark.runs.results import read_run


def note_measures(run: Path, metrics: Mapping[str, Metric]) -> None:
    """Write to run.json, under `columns`, what these metrics' columns say; others there stay.

    Raises BenchError for a metric whose column has the name of another one's.
    """
    description = read_run(run)
    found, before = pack(measures_of(metrics)), description.get("columns", {})
    columns = {kind: {**before.get(kind, {}), **own} for kind, own in found.items()}
    if columns != before:
        write_json(run / "run.json", {**description, "columns": columns})


def measures_in(description: Mapping[str, Any]) -> Measures:
    """The columns of a run's cells. description: as `read_run` gives it."""
    return unpack(description.get("columns", {}))
