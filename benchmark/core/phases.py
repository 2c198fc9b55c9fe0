"""What long work is made of, for whoever shows it: phases, parts of a run, and the whole run."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from benchmark.core.screen import Line

SEEN_ENOUGH = 5.0  # seconds of a whole run before its time left is told
SHORT = 0.1  # what a phase without steps weighs beside a training


@dataclass(eq=False)
class Phase:
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

    def last_words(self) -> str:
        return f"{self.label}  {self.count()}  in {clock(self.seconds())}"

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def left(self) -> str:
        return clock(self.seconds() / max(self.step - self.start, 1) * (self.total - self.step))

    def count(self) -> str:
        return f"{self.step:,}/{self.total:,}" if self.total else ""

    @property
    def weight(self) -> float:
        """How much of its part it stands for, relative to the other phases."""
        return 1.0 if self.total > 1 else SHORT

    def share(self, step: int) -> float:
        """How much of the phase is done at `step`."""
        return min(1.0, step / self.total) if self.total else 0.0

    def line(self) -> Line:
        if not self.total:
            return Line(self.label, None, "", clock(self.seconds()))
        left = f"{self.left()} left" if self.step > self.start else ""
        return Line(self.label, self.share(self.step), self.count(), left, self.measures)


@dataclass(eq=False)
class Part:
    """A share of the whole run, and the phases that were opened in it so far.

    expected: the weight of all phases that there will be.
    """

    cells: int
    work: float
    expected: float
    over: bool = False
    phases: list[Phase] = field(default_factory=list)

    def done(self) -> float:
        """The work that is done, including what resumed phases had done before."""
        shares = sum(phase.weight * phase.share(phase.step) for phase in self.phases)
        return self.work * (1.0 if self.over else min(1.0, shares / self.expected))

    def found(self) -> float:
        """The work that resumed phases had done before."""
        shares = sum(phase.weight * phase.share(phase.start) for phase in self.phases)
        return self.work * min(1.0, shares / self.expected)


@dataclass(eq=False)
class Whole:
    """The whole run, and the parts that have begun so far."""

    cells: int
    work: float
    parts: list[Part] = field(default_factory=list)
    open: bool = True
    last: bool = True
    began: float = field(default_factory=lambda: time.monotonic())

    @property
    def phases(self) -> list[Phase]:
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
        return f"{clock(elapsed / seen * max(0.0, self.work - done))} left"

    def line(self) -> Line:
        return Line("all cells", self.share(), f"{self.cells_over()}/{self.cells}", self.left())

    def words(self) -> str:
        count = f"{self.cells_over()} of {self.cells} cells done"
        return ", ".join(filter(None, (count, f"{self.share():.0%} of the work", self.left())))


def clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
