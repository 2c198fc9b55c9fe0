"""Progress of long work: where it stands, what it measures, when it will be done.

    with whole_run(cells=6, work=seconds):                # a bar for all of it
        for group in groups:
            with part(cells=3, work=its_seconds, phases=2):
                progress = Progress("training", steps)    # a bar for this phase
                for step in range(steps):
                    progress.update(step + 1, {"loss": loss})
                with phase("evaluation"):                 # work that has no steps to count
                    ...

On a terminal every open phase has a bar with its measures below, and the whole run has one at the
bottom; they are drawn over in place. A log gets a line for each phase every half minute. Both go to
stderr. The time left is the work left divided by the speed so far, so at the start none is shown.
"""

import contextlib
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from benchmark.core.screen import SCREEN, Line

LINE_EVERY = 30.0  # seconds between lines in a log file
MEASURES_EVERY = 0.5  # seconds between changes of the measures on a terminal
SEEN_ENOUGH = 5.0  # seconds of a whole run before its time left is told


class Progress:
    """A loop of `total` steps under `label`, shown from now on until the last step is done.

    start: the step that a resumed loop begins at; only steps since then count for the time left.
    Where the loop ends early, by an error or a return, its bar goes when this object does.
    """

    def __init__(self, label: str, total: int, start: int = 0) -> None:
        self._phase = _Phase(label, total, start, step=start)
        self._on_terminal = _open(self._phase)
        weakref.finalize(self, self._phase.abandon).atexit = False

    def update(self, step: int, measures: Mapping[str, float]) -> None:
        """Report that `step` steps are done; the display does not change at every step."""
        phase = self._phase
        if not phase.open:
            return
        phase.step = step
        now = time.monotonic()
        finished = step >= phase.total
        wait = MEASURES_EVERY if self._on_terminal else LINE_EVERY
        if now - phase.told < wait and not finished:
            return
        phase.told = now
        phase.measures = tuple(f"{name} {value:.3f}" for name, value in measures.items())
        if not self._on_terminal:
            _log(phase, *phase.measures, f"{phase.left()} left")
        if finished:
            SCREEN.hide(phase, f"{phase.label}  {phase.count()}  in {_clock(phase.seconds())}")


@contextlib.contextmanager
def phase(label: str) -> Iterator[None]:
    """Show a bar under `label` while the work inside runs; also a decorator."""
    shown = _Phase(label, total=0, start=0)
    over = threading.Event()
    if not _open(shown):
        threading.Thread(target=_repeat, args=(shown, over), daemon=True).start()
    try:
        yield
        shown.total = shown.step = 1  # counts as done
    finally:
        over.set()
        SCREEN.hide(shown)


@contextlib.contextmanager
def whole_run(cells: int, work: float) -> Iterator[None]:
    """Show a bar for a whole run of `cells` cells.

    work: of all cells, in the unit that `part` uses, such as estimated seconds; where it is 0,
    cells are the unit. Nothing is shown without cells. The terminal is left clean however the run
    ends.
    """
    if not cells:
        yield
        return
    whole = _Whole(cells, work or float(cells))
    _RUNS.append(whole)
    SCREEN.show(whole)
    try:
        yield
    finally:
        _RUNS.remove(whole)
        for begun in whole.phases:
            SCREEN.hide(begun)
        SCREEN.hide(whole)


@contextlib.contextmanager
def part(cells: int, work: float, phases: int) -> Iterator[None]:
    """Count the work inside as `cells` cells of the whole run and `work` of its work.

    phases: how many are expected; each stands for an equal share of the work. Does nothing where
    there is no whole run.
    """
    if not _RUNS:
        yield
        return
    whole = _RUNS[-1]
    inside = _Part(cells, work or float(cells), max(phases, 1))
    whole.parts.append(inside)
    try:
        yield
    finally:
        inside.over = True


@dataclass(eq=False)
class _Phase:
    """One phase. total: 0 where it has no steps. told: when its measures were last shown."""

    label: str
    total: int
    start: int
    step: int = 0
    measures: tuple[str, ...] = ()
    open: bool = True
    last: bool = False
    began: float = field(default_factory=lambda: time.monotonic())
    told: float = field(default_factory=lambda: time.monotonic())

    def abandon(self) -> None:
        self.open = False

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def left(self) -> str:
        return _clock(self.seconds() / max(self.step - self.start, 1) * (self.total - self.step))

    def count(self) -> str:
        return f"{self.step:,}/{self.total:,}" if self.total else ""

    def share(self, step: int) -> float:
        """How much of the phase is done at `step`."""
        return min(1.0, step / self.total) if self.total else 0.0

    def line(self) -> Line:
        if not self.total:
            return Line(self.label, None, "", _clock(self.seconds()))
        left = f"{self.left()} left" if self.step > self.start else ""
        return Line(self.label, self.share(self.step), self.count(), left, self.measures)


@dataclass(eq=False)
class _Part:
    """A share of the whole run, and the phases that were opened in it so far."""

    cells: int
    work: float
    expected: int  # phases
    over: bool = False
    phases: list[_Phase] = field(default_factory=list)

    def done(self) -> float:
        """The work that is done, including what resumed phases had done before."""
        shares = sum(phase.share(phase.step) for phase in self.phases)
        return self.work * (1.0 if self.over else min(1.0, shares / self.expected))

    def found(self) -> float:
        """The work that resumed phases had done before."""
        shares = sum(phase.share(phase.start) for phase in self.phases)
        return self.work * min(1.0, shares / self.expected)


@dataclass(eq=False)
class _Whole:
    """The whole run, and the parts that have begun so far."""

    cells: int
    work: float
    parts: list[_Part] = field(default_factory=list)
    open: bool = True
    last: bool = True
    began: float = field(default_factory=lambda: time.monotonic())

    @property
    def phases(self) -> list[_Phase]:
        return [phase for part in self.parts for phase in part.phases]

    def cells_over(self) -> int:
        return sum(part.cells for part in self.parts if part.over)

    def done(self) -> float:
        return sum(part.done() for part in self.parts)

    def share(self) -> float:
        return min(1.0, self.done() / self.work) if self.work else 0.0

    def left(self) -> str:
        """The time left at the speed so far; empty where too little was seen."""
        elapsed, done = time.monotonic() - self.began, self.done()
        seen = done - sum(part.found() for part in self.parts)
        if seen <= 0.0 or elapsed < SEEN_ENOUGH:
            return ""
        return f"{_clock(elapsed / seen * max(0.0, self.work - done))} left"

    def line(self) -> Line:
        return Line("all cells", self.share(), f"{self.cells_over()}/{self.cells}", self.left())

    def words(self) -> str:
        count = f"{self.cells_over()} of {self.cells} cells done"
        return ", ".join(filter(None, (count, f"{self.share():.0%} of the work", self.left())))


_RUNS: list[_Whole] = []  # the whole run under way; several only where one runs inside another


def _open(phase: _Phase) -> bool:
    """Add the phase to the part under way, and show it on a terminal."""
    if _RUNS and _RUNS[-1].parts and not _RUNS[-1].parts[-1].over:
        _RUNS[-1].parts[-1].phases.append(phase)
    return SCREEN.show(phase)


def _repeat(phase: _Phase, over: threading.Event) -> None:
    """Write to a log every half minute that the phase still runs."""
    while not over.wait(LINE_EVERY):
        _log(phase, f"for {_clock(phase.seconds())} so far")


def _log(phase: _Phase, *words: str) -> None:
    """Log one line: the phase and, where there is one, the whole run."""
    whole = f"({_RUNS[-1].words()})" if _RUNS else ""
    line = "  ".join(filter(None, (phase.label, phase.count(), *words, whole)))
    print(line, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
