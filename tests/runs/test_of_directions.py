"""What a cell keeps of its directions beside numbers: words and matrices, judged later, damaged."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from benchmark.metrics import METRICS
from benchmark.metrics.metric import Metric
from benchmark.runs.results import read_cell, read_cells
from benchmark.tables.table import Column
from tests.report.drawn import write_cell
from tests.runs.test_runner import run

K = 5
EARLY = {name: METRICS[name] for name in ("accuracy", "redundancy", "collapse", "recovery")}


class Says(Metric):
    """A word and a matrix."""

    columns: ClassVar = {}
    direction_columns: ClassVar = {"word": Column("What is said.", "text")}

    def __init__(self, name: str) -> None:
        self.name = name
        self.direction_columns = {name: Column("What is said.", "text")}  # type: ignore[misc]

    def by_direction(self, cell: Any) -> pd.DataFrame:
        return pd.DataFrame({self.name: [self.name] * K})

    def of_cell(self, cell: Any, table: Any) -> dict[str, float]:
        return {}

    def matrices(self, cell: Any, table: Any) -> dict[str, pd.DataFrame]:
        return {f"m-{self.name}": pd.DataFrame({"a": range(K)})}


def test_a_cell_of_fewer_metrics_is_judged_by_the_others_and_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    (first,) = run(tmp_path, methods=("coordinate",), metrics={**EARLY, "b": Says("b")})
    assert not {"mig", "eps_half"} & first.metrics.keys()
    (cell,) = read_cells(tmp_path)
    modified = (cell.folder / "predictions.parquet").stat().st_mtime_ns
    (second,) = run(tmp_path, methods=("coordinate",), metrics={**METRICS, "c": Says("c")})
    assert all(second.metrics[name] == first.metrics[name] for name in ("rca_fresh", "collapse"))
    assert {"mig", "eps_half", "activeness"} <= second.metrics.keys()
    (cell,) = read_cells(tmp_path)
    assert list(cell.words()) == ["b", "c"]
    assert cell.matrix("m-b")["a"].tolist() == cell.matrix("m-c")["a"].tolist() == list(range(K))
    assert {"collapse", "activeness", "accuracy"} <= {*cell.by_direction()}
    assert cell.by_direction()["collapse"].tolist() == first.metrics["by_direction"]["collapse"]
    assert (cell.folder / "predictions.parquet").stat().st_mtime_ns == modified


@pytest.mark.parametrize(
    "nested",
    [
        {"words": {"attribute": ["a"] * 7}},
        {"words": {"attribute": [1] * 8}},
        {"words": ["a"] * 8},
        {"words": {"a`b": ["a"] * 8}},
        {"matrices": {"rescoring": {"a": [0.5] * 9}}},
        {"matrices": {"rescoring": {"a": ["0.5"] * 8}}},
        {"matrices": {"a\nb": {"a": [0.5] * 8}}},
        {"by_direction": {"accuracy": ["high"] * 8}},
    ],
)
def test_what_is_of_another_type_or_number_is_no_cell(
    tmp_path: Path, nested: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    cell = write_cell(tmp_path, "planted", "random", 0)
    whole = read_cell(cell.folder(tmp_path))
    assert whole is not None
    broken = replace(whole.result, metrics={**whole.result.metrics, **nested})
    broken.write(tmp_path)
    assert read_cell(cell.folder(tmp_path)) is None
    assert "is damaged" in caplog.text
