"""Progress of long work: where it stands, what it measures, when it will be done.

    with whole_run(cells=6, work=seconds):                # a bar for all of it
        for group in groups:
            with part(cells=3, work=its_seconds, phases=1 + SHORT):
                progress = Progress("training", steps)    # a bar for this phase
                for step in range(steps):
                    progress.update(step + 1, {"loss": loss})
                with phase("evaluation"):                 # work that has no steps to count
                    ...

On a terminal every open phase has a bar with its measures below, and the whole run has one at the
bottom; they are drawn over in place. A log gets a line for each phase every half minute. Both go to
stderr. The time left is the work left divided by the speed so far, so at the start none is shown.

Another process may do a part of the run: there `relayed_to` sends what would be shown, and here an
`Elsewhere` shows it.
"""

import contextlib
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmark.core.phases import Part, Phase, Whole, clock
from benchmark.core.screen import SCREEN

LINE_EVERY = 30.0  # seconds between lines in a log file
MEASURES_EVERY = 0.5  # seconds between changes of the measures on a terminal


class Progress:
    """A loop of `total` steps under `label`, shown from now on until the last step is done.

    start: the step that a resumed loop begins at; only steps since then count for the time left.
    Where the loop ends early, by an error or a return, its bar goes when this object does.
    """

    def __init__(self, label: str, total: int, start: int = 0) -> None:
        self._phase = Phase(label, total, start, step=start)
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
        wait = MEASURES_EVERY if self._on_terminal or _RELAYS else LINE_EVERY
        if now - phase.told < wait and not finished:
            return
        phase.told = now
        phase.measures = tuple(f"{name} {value:.3f}" for name, value in measures.items())
        if not self._on_terminal:
            _log(phase, *phase.measures, f"{phase.left()} left")
        if finished:
            _close(phase, phase.last_words())


@contextlib.contextmanager
def phase(label: str) -> Iterator[None]:
    """Show a bar under `label` while the work inside runs; also a decorator."""
    shown = Phase(label, total=0, start=0)
    over = threading.Event()
    if not _open(shown):
        threading.Thread(target=_repeat, args=(shown, over), daemon=True).start()
    try:
        yield
        shown.total = shown.step = 1  # counts as done
    finally:
        over.set()
        _close(shown)


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
    whole = Whole(cells, work or float(cells))
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
def part(cells: int, work: float, phases: float) -> Iterator[None]:
    """Count the work inside as `cells` cells of the whole run and `work` of its work.

    phases: how many are expected, where one without steps counts as SHORT: each stands for its
    share of the work. Does nothing where there is no whole run.
    """
    if not _RUNS:
        yield
        return
    whole = _RUNS[-1]
    inside = Part(cells, work or float(cells), phases or 1.0)
    whole.parts.append(inside)
    try:
        yield
    finally:
        inside.over = True


class Elsewhere:
    """A part of the run, like `part`, that another process works on: shows what that relays.

    A work that starts anew, as its process died, is relayed from the beginning again.
    """

    def __init__(self, cells: int, work: float, phases: float) -> None:
        self._part = Part(cells, work or float(cells), phases or 1.0)
        self._source: object = None
        if _RUNS:
            _RUNS[-1].parts.append(self._part)

    def show(self, phases: Sequence[Phase], source: object) -> None:
        """phases: all that were opened so far, in order. source: tells one start of the work from
        another."""
        if source != self._source:
            self._forget()
            self._source = source
        for place, told in enumerate(phases):
            if place == len(self._part.phases):
                mine = Phase(told.label, told.total, told.start, told.step)
                self._part.phases.append(mine)
                SCREEN.show(mine)
            self._follow(self._part.phases[place], told)

    def over(self) -> None:
        """The work has ended, well or not."""
        self._part.over = True
        for shown in self._part.phases:
            SCREEN.hide(shown)

    def _forget(self) -> None:
        for shown in self._part.phases:
            SCREEN.hide(shown)
        self._part.phases.clear()

    def _follow(self, mine: Phase, told: Phase) -> None:
        mine.total, mine.step, mine.measures = told.total, told.step, told.measures
        ended, now = mine.open and not told.open, time.monotonic()
        due = now - mine.told >= LINE_EVERY or (ended and mine.total > 1)
        if mine.open and due and not SCREEN.draws():
            mine.told = now
            _log(mine, *mine.measures, f"{mine.left()} left" if mine.total else "")
        if ended:
            SCREEN.hide(mine, mine.last_words() if mine.total > 1 else "")


@contextlib.contextmanager
def relayed_to(send: Callable[[list[Phase]], object]) -> Iterator[None]:
    """While entered, send all phases that were opened so far, whenever they have changed much,
    instead of showing them."""
    _RELAYS.append(_Relay(send))
    try:
        yield
    finally:
        _RELAYS.pop()


class _Relay:
    def __init__(self, send: Callable[[list[Phase]], object]) -> None:
        self.phases: list[Phase] = []
        self._send, self._lock = send, threading.Lock()

    def tell(self) -> None:
        with self._lock:
            self._send(self.phases)


_RELAYS: list[_Relay] = []  # where this process works for another
_RUNS: list[Whole] = []  # the whole run under way; several only where one runs inside another


def _open(phase: Phase) -> bool:
    """Add the phase to the part under way, and show it on a terminal; whether it is drawn there."""
    if _RELAYS:
        _RELAYS[-1].phases.append(phase)
        _RELAYS[-1].tell()
        return False
    if _RUNS and _RUNS[-1].parts and not _RUNS[-1].parts[-1].over:
        _RUNS[-1].parts[-1].phases.append(phase)
    return SCREEN.show(phase)


def _close(phase: Phase, last_words: str = "") -> None:
    SCREEN.hide(phase, last_words)
    if _RELAYS:
        _RELAYS[-1].tell()


def _repeat(phase: Phase, over: threading.Event) -> None:
    """Write to a log every half minute that the phase still runs."""
    while not over.wait(LINE_EVERY):
        _log(phase, f"for {clock(phase.seconds())} so far")


def _log(phase: Phase, *words: str) -> None:
    """Log one line: the phase and, where there is one, the whole run."""
    if _RELAYS:
        _RELAYS[-1].tell()
        return
    whole = f"({_RUNS[-1].words()})" if _RUNS else ""
    line = "  ".join(filter(None, (phase.label, phase.count(), *words, whole)))
    print(line, file=sys.stderr, flush=True)
