"""The figures of a report, drawn by a process of their own while this one paints and counts.

Drawing is all Python and so is much of the rest: in one process they would take turns on one core.
What draws is imported where it draws: the other process needs none of it, and this one no torch.
"""

import contextlib
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.core import threads
from benchmark.core.errors import BenchError
from benchmark.metrics.measures import Measures
from benchmark.report.attempts import Attempts
from benchmark.runs.replicates import Replicates
from benchmark.tables.table import Table

FEWEST = 12  # rows of the main table: the figures of fewer take less time than a process to start
# Ctrl-C is for the other process, which then ends this one. All is read before the slow imports:
# nobody waits until it is taken.
CODE = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
given = sys.stdin.buffer.read()
sys.path[:] = {path!r}
from {module} import main
main(given)
"""


@dataclass(frozen=True)
class Figures:
    """What the figures of a run are drawn from. order: the methods in order. folder: for all."""

    rows: Sequence[Replicates]
    measures: Measures
    ablations: Sequence[Table]
    folder: Path
    order: Sequence[str]

    def draw(self, attempts: Attempts) -> None:
        """Draw all that can be drawn. Raises BenchError where it cannot write."""
        from benchmark.report.figures.methods import write_figures

        self.draw_ablated(attempts)
        write_of = (self.rows, self.measures, self.folder, self.order)
        attempts.write("the figures", write_figures, *write_of)

    def draw_ablated(self, attempts: Attempts) -> None:
        from benchmark.report.figures.ablated import draw_ablations

        write_of = (self.ablations, self.measures, self.folder, self.order)
        attempts.write("the figures of ablations", draw_ablations, *write_of)


@contextlib.contextmanager
def drawn_meanwhile(figures: Figures) -> Iterator[Callable[[Attempts], None]]:
    """What waits until the figures are drawn, and does with `attempts` what `Figures.draw` does.

    Where there is one core, or little to draw, it draws them; also where the process does not start
    or dies. On leaving, whatever is raised, the process is gone.
    """
    process = None
    if threads.cores() > 1 and len(figures.rows) >= FEWEST:
        process = _started()
    if process is None:
        yield figures.draw
        return
    with process:
        try:
            _give(process, figures)

            def wait(attempts: Attempts) -> None:
                said = _answer(process)
                if said is None:
                    figures.draw(attempts)
                    return
                faults, refusal = said
                if refusal:
                    raise BenchError(refusal)
                attempts.note(faults)

            yield wait
        finally:
            process.kill()


def _started() -> "subprocess.Popen[bytes] | None":
    """That process; None where the system gives none."""
    path = [entry or str(Path.cwd()) for entry in sys.path]
    code = CODE.format(path=path, module=__name__)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    except OSError:
        return None


def _give(process: "subprocess.Popen[bytes]", figures: Figures) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError), process.stdin as orders:  # it has died, as `_answer` finds
        pickle.dump(figures, orders)


def _answer(process: "subprocess.Popen[bytes]") -> tuple[list[str], str] | None:
    """Faults, and why it could not write; None where it died."""
    assert process.stdout is not None
    told = process.stdout.read()
    return None if process.wait() else pickle.loads(told)


def main(given: bytes) -> None:
    """That process: draws, and says what could not be drawn, or that it could not write."""
    words = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    logging.disable()  # the other process warns of each fault
    figures: Figures = pickle.loads(given)
    attempts, refusal = Attempts(), ""
    try:
        figures.draw(attempts)
    except BenchError as error:
        refusal = str(error)
    with words:
        pickle.dump((attempts.faults, refusal), words)
