"""The report of a run: tables, figures and pictures, all from what its cells stored."""

from pathlib import Path

from benchmark.errors import BenchError
from benchmark.report.figures import write_figures
from benchmark.report.pictures import write_pictures
from benchmark.report.recipe import write_recipe
from benchmark.report.replicates import headline
from benchmark.report.tables import write_tables
from benchmark.results import read_cells, read_run


def write_report(run: Path) -> None:
    """Write the tables into `run`, and figures/, strips/ and evolution/ below it; trains nothing.

    The same cells give the same bytes. What a cell lacks is left out, with a warning where that is
    not expected. Raises BenchError where no cell of the main table has ended, or it cannot write.
    """
    cells, description = read_cells(run), read_run(run)
    rows = headline(cells, description.get("headline", {}))
    if not rows:
        raise BenchError(
            f"no cell of the main table has ended in {run}; the same `bench run` goes on with it"
        )
    write_tables(rows, run)
    write_recipe(cells, run)
    write_figures(rows, run / "figures")
    write_pictures(rows, description.get("generators", {}), run)
