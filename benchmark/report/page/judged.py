"""What a study adds to the report of a run: tables, figures, and a judgment of each direction."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.analysis.table import Table

KINDS = (".svg", ".png")  # of figures, the better first


@dataclass(frozen=True)
class Judged:
    """The analysis of a study, as far as the report shows it.

    simulated: the answers are those of simulated annotators. directions: generator, method,
    direction (the k-th), mos, low, high, n, category, label; a row a rated direction. figures:
    name, suffix and bytes of each picture. remarks: what a reader must know of the analysis, such
    as whether its plan changed since the study was built.
    """

    simulated: bool
    tables: tuple[Table, ...]
    directions: pd.DataFrame
    figures: tuple[tuple[str, str, bytes], ...] = ()
    remarks: tuple[str, ...] = ()


def read_judged(
    study: Path, run: Path, simulated: bool = False, database: str | None = None
) -> Judged:
    """Analyse a study of the run. Raises BenchError where it has no answers of the asked kind."""
    from benchmark.analysis.study import analyse_study
    from benchmark.analysis.writing import write_analysis

    analysis = analyse_study(study, run, simulated, database)
    with tempfile.TemporaryDirectory() as folder:
        write_analysis(analysis, Path(folder))
        figures = read_figures(Path(folder))
    remarks = tuple(text for text in (analysis.plan, analysis.screening) if text)
    return Judged(analysis.simulated, tuple(analysis.tables), analysis.directions, figures, remarks)


def read_figures(folder: Path) -> tuple[tuple[str, str, bytes], ...]:
    """Every picture at any depth by name; of one drawn in two formats, the better."""
    best: dict[str, Path] = {}
    for kind in reversed(KINDS):
        best |= {path.stem: path for path in sorted(folder.rglob(f"*{kind}"))}
    return tuple((name, best[name].suffix, best[name].read_bytes()) for name in sorted(best))
