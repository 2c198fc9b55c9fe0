"""The report of a run: tables, figures, pictures and one page, all from what its cells stored."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.core import memory
from benchmark.core.errors import BenchError
from benchmark.core.progress import phase
from benchmark.core.storage import remove_parts
from benchmark.methods.method import Role
from benchmark.report.attempts import Attempts
from benchmark.report.figures.drawing_process import Figures, drawn_meanwhile
from benchmark.report.in_short import in_short
from benchmark.report.judged import Judged
from benchmark.report.page.document import Contents, write_page
from benchmark.report.pictures.gallery import write_pictures
from benchmark.report.tables.ablations import write_ablations
from benchmark.report.tables.against import clear_winners, comparison_table
from benchmark.report.tables.agreeing_seeds import write_agreement
from benchmark.report.tables.duels import Duels
from benchmark.report.tables.leaderboard import write_leaderboard
from benchmark.report.tables.main_table import write_tables
from benchmark.report.tables.recipe import write_recipe
from benchmark.report.tables.rescoring import write_rescoring
from benchmark.runs.meanings import measures_in
from benchmark.runs.opening import NOTHING, AtHand, Painters, open_generators
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, read_run
from benchmark.runs.roles import NO_ROLES, assign_roles, known_roles
from benchmark.tables.writing import write_table

TURN = 0.0002  # seconds
FOLDERS = ("figures", "strips", "evolution", "named")


@dataclass(frozen=True)
class Written:
    """in_short: lines that say what came out. unmade: parts that could not be made, and why."""

    in_short: list[str]
    unmade: list[str]


def write_report(
    run: Path,
    judged: Judged | None = None,
    roles: Mapping[str, Role] = NO_ROLES,
    under_test: Sequence[str] = (),
    at_hand: AtHand = NOTHING,
) -> Written:
    """Write the tables, named.md and report.html into `run`, and the pictures below it.

    Trains nothing. The same cells give the same bytes. What a cell lacks is left out, with a
    warning where that is not expected. judged: the analysis of a study of this run. roles: those of
    methods by name, for cells that do not store theirs. under_test: compares these alone, whatever
    their role. at_hand: generators for the pictures besides those that are data; no code that the
    run itself names is run. What cannot be made is told, and the rest is written all the same.
    Raises BenchError where no cell of the main table has ended, `under_test` is not in the run, or
    it cannot write.
    """
    check_folders(run)
    remove_parts(run)
    memory.share()
    cells, description = read_cells(run), read_run(run)
    measures = measures_in(description)
    known = known_roles([(c.result.cell.method, c.result.role) for c in cells], roles)
    assigned = assign_roles(known, under_test)
    order = assigned.order
    attempts = Attempts()
    write = attempts.write
    ablations = write("the tables of ablations", write_ablations, run, measures, order) or []
    rows = headline(cells, description.get("headline", {}), order)
    figures = Figures(rows, measures, ablations, run / "figures", order)
    if not rows:
        figures.draw_ablated(attempts)  # ablations need no main table
        raise BenchError(
            f"no cell of the main table has ended in {run}; the same `bench run` goes on with it"
        )
    judged = judged.about(rows) if judged else None
    write("the table of recipes", write_recipe, cells, measures, run, order)
    painting = Attempts()
    with drawn_meanwhile(figures) as drawn, ThreadPoolExecutor(1) as pool, taking_turns():
        painters = open_generators(rows, description.get("generators", {}), at_hand)
        memory.give_back()  # what their preparation took
        # Matplotlib stays in this thread alone, as it must.
        painted = pool.submit(_paint, rows, painters, judged, run, painting)
        duels = Duels(rows)
        with phase("report: comparison"):
            comparison = write("the comparison", comparison_table, rows, assigned, judged, duels)
        board = write("the leaderboard", write_leaderboard, rows, measures, run, order, duels)
        # Methods under test are compared with baselines, all methods on the board with each other.
        ahead = {*clear_winners(rows, comparison), *(board.ahead if board else ())}
        write("the tables", write_tables, rows, measures, run, ahead)
        write("the re-scoring", write_rescoring, rows, run)
        if comparison is not None:
            write_table(comparison, run)
        agreement = write("the agreement of seeds", write_agreement, rows, painters, run)
        with phase("report: figures"):
            drawn(attempts)
        chapters = painted.result()
    attempts.faults += painting.faults
    unseen = _unseen(painters)
    contents = Contents(
        rows,
        measures,
        cells,
        description,
        chapters,
        comparison,
        agreement,
        ablations,
        judged,
        unseen,
        board,
        ahead,
    )
    write("the page", write_page, contents, run)
    return Written(in_short(rows, ahead, measures), attempts.faults)


_paint = phase("report: pictures")(write_pictures)


@contextmanager
def taking_turns() -> Iterator[None]:
    """Let threads take turns often: one that paints needs Python for a moment after each layer, and
    would wait through 5 ms of drawing each time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def check_folders(run: Path) -> None:
    """Raise BenchError where a folder of the report is a link, which may lead out of the run."""
    for folder in (run / name for name in FOLDERS):
        if folder.is_symlink():
            raise BenchError(f"{folder} is a link; delete it: a report writes into its run alone")


def _unseen(painters: Painters) -> list[str]:
    """What has no pictures: a generator with all its methods, or one of them."""
    lost = [row for row, generator in painters.items() if generator is None]
    seen = {row[0] for row in painters if row not in lost}
    return list(dict.fromkeys(f"{m} on {g}" if g in seen else g for g, m in lost))
