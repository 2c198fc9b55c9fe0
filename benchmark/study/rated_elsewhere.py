"""What a rating study of the same run said about the directions that this study shows.

`bench study label` writes it beside the directions, in the run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.judgments import DIRECTION
from benchmark.directions.labels import read_labels
from benchmark.study.accuracies import origin_cell, study_origins

COLUMNS = [*DIRECTION, "mos", "n", "source"]
NOT_RATED = pd.DataFrame(columns=COLUMNS)


def rated_elsewhere(provenance: Mapping[str, Any], run: Path | None) -> pd.DataFrame:
    """One row per direction with a MOS: generator, method, direction, mos, n ratings, source.

    provenance: of the study. run: where the run is now, unless where it was at build. Of several
    studies the one with most ratings of a direction speaks for it. Empty where nothing is known, as
    where the run has moved or holds other directions by now.
    """
    rows = []
    for origin in study_origins(provenance):
        try:
            stored = origin_cell(origin, run or Path(provenance.get("run", "")))
        except BenchError:
            continue
        labels = [one for one in read_labels(stored.folder / "directions.safetensors") if one.n]
        best = {one.index: one for one in sorted(labels, key=lambda one: one.n)}
        place = {"generator": origin["generator"], "method": origin["method"]}
        rows += [
            place | {"direction": k, "mos": one.mos, "n": one.n, "source": one.source}
            for k, one in sorted(best.items())
            if one.mos is not None
        ]
    return pd.DataFrame(rows, columns=COLUMNS) if rows else NOT_RATED
