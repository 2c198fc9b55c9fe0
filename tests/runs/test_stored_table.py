"""A cell's tables keep every bit, and measured numbers take no dictionary."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmark.runs.results import write_table


def test_a_table_keeps_its_numbers_and_is_hardly_larger_than_they_are(tmp_path: Path) -> None:
    rng, n = np.random.default_rng(0), 10_000
    table = pd.DataFrame(
        {
            "k": rng.integers(0, 64, n).astype(np.int16),
            "eps": rng.uniform(-6, 6, n).astype(np.float32),
            "phase": ["fresh", "joint"] * (n // 2),
        }
    )
    path = tmp_path / "answers.parquet"
    write_table(path, table)
    stored = pd.read_parquet(path)
    assert stored["eps"].to_numpy().tobytes() == table["eps"].to_numpy().tobytes()
    assert stored["k"].equals(table["k"])
    assert stored["phase"].tolist() == table["phase"].tolist()
    of_column = pq.read_metadata(path).row_group(0)
    size = {of_column.column(i).path_in_schema: of_column.column(i) for i in range(3)}
    assert size["eps"].total_compressed_size < 1.02 * 4 * n
    assert size["k"].total_compressed_size < 0.8 * n  # six bits each
    write_table(path, table[["eps"]])  # without a column that repeats
    assert pd.read_parquet(path)["eps"].equals(table["eps"])
