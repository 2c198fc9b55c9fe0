"""What a study adds to the report of a run: tables, figures, and a judgment of each direction."""

from dataclasses import dataclass

import pandas as pd

from benchmark.tables.table import Table


@dataclass(frozen=True)
class Judged:
    """The analysis of a study, as far as the report shows it.

    simulated: the answers are those of simulated annotators. directions: generator, method,
    direction (the k-th), mos, low, high, n, category, label; one row per rated direction. figures:
    name, suffix and bytes of each picture. remarks: what a reader must know of the analysis, such
    as whether its plan changed since the study was built.
    """

    simulated: bool
    tables: tuple[Table, ...]
    directions: pd.DataFrame
    figures: tuple[tuple[str, str, bytes], ...] = ()
    remarks: tuple[str, ...] = ()
