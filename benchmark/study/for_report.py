"""The analysis of a study as the report of its run shows it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmark.core.progress import phase
from benchmark.methods.method import Role
from benchmark.report.judged import Judged, judged_cells
from benchmark.runs.results import read_cells
from benchmark.runs.roles import NO_ROLES, in_order, known_roles
from benchmark.study.analyse import analyse_study
from benchmark.study.figures import write_figures

KINDS = (".svg", ".webp", ".png")  # of figures, the better first


def read_judged(
    study: Path,
    run: Path,
    simulated: bool = False,
    database: str | None = None,
    roles: Mapping[str, Role] = NO_ROLES,
    task: str | None = None,
) -> Judged:
    """Analyse a study of the run. Raises BenchError where it has no answers of the asked kind.

    roles: of methods, by name, for studies that do not store theirs. task: `file.py:Class` of a
    task that is neither built in nor installed.
    """
    with phase("report: analysing the study"):
        analysis = analyse_study(study, run, simulated, database, roles=roles, task=task)
    with tempfile.TemporaryDirectory() as folder:
        write_figures(analysis, Path(folder), order_of_run(run, roles))
        figures = read_figures(Path(folder))
    remarks = tuple(text for text in (analysis.plan, analysis.screening, analysis.staff) if text)
    return Judged(
        analysis.simulated,
        tuple(analysis.tables),
        analysis.directions,
        figures,
        remarks,
        judged_cells(analysis.origins),
    )


def order_of_run(run: Path, roles: Mapping[str, Role]) -> tuple[str, ...]:
    """All methods of the run, in the order in which its tables and figures have them."""
    results = [stored.result for stored in read_cells(run)]
    return in_order(known_roles([(r.cell.method, r.role) for r in results], roles))


def read_figures(folder: Path) -> tuple[tuple[str, str, bytes], ...]:
    """Every picture at any depth, by name, and in the better format where there are two."""
    best: dict[str, Path] = {}
    for kind in reversed(KINDS):
        best |= {path.stem: path for path in sorted(folder.rglob(f"*{kind}"))}
    return tuple((name, best[name].suffix, best[name].read_bytes()) for name in sorted(best))
