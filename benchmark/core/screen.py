"""Lines of a terminal that are redrawn while work runs: one bar for each running phase.

There is one such region in a process (`SCREEN`). It exists as long as it has a row, so nesting and
threads only add rows.
"""

import atexit
import os
import sys
import threading
from dataclasses import dataclass
from typing import Protocol

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

REDRAWS = 4.0  # in a second
SHORTEST_BAR = 8  # columns


@dataclass(frozen=True)
class Line:
    """A row as it stands now.

    share: how much of the bar is full, 0 to 1, or None where nobody knows. measures: shown below,
    in as many lines as they need.
    """

    label: str
    share: float | None
    count: str
    time: str
    measures: tuple[str, ...] = ()


class Row(Protocol):
    """Running work with a row. open: False once it is over. last: it stands below the others."""

    open: bool
    last: bool

    def line(self) -> Line:
        """What to draw; asked at every redraw, in a thread of its own."""


class Screen:
    """The region, and a lock that drawing never takes, so that neither waits for the other."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._live: Live | None = None
        self._lock = threading.RLock()
        atexit.register(self._stop)

    def show(self, row: Row) -> bool:
        """Give `row` a place; False where stderr is no terminal that can be drawn over."""
        if not self.draws():
            return False
        with self._lock:
            self._rows = [*(other for other in self._rows if other.open), row]
            if self._live is None:
                self._live = Live(
                    self,
                    console=Console(file=sys.stderr, force_terminal=True),
                    refresh_per_second=REDRAWS,
                    transient=True,
                    # What the program prints appears above the rows; a file stays a file.
                    redirect_stdout=sys.stdout.isatty(),
                )
                self._live.start()
        return True

    def draws(self) -> bool:
        """Whether stderr is a terminal that can be drawn over."""
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def hide(self, row: Row, last_words: str = "") -> None:
        """Take `row` away, if it is there, and leave a line of last words in its place."""
        with self._lock:
            row.open = False
            if self._live is None or row not in self._rows:
                return
            if last_words:
                self._live.console.print(Text(last_words), no_wrap=True, overflow="ellipsis")
            self._rows = [other for other in self._rows if other.open]
            if not self._rows:
                self._stop()

    def _stop(self) -> None:
        """Wipe the region and give the cursor back."""
        with self._lock:
            self._rows = []
            if self._live is not None:
                self._live.stop()
                self._live = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The rows in columns that fit the terminal: the bars give way first, then the labels."""
        rows = sorted((row for row in self._rows if row.open), key=lambda row: row.last)
        lines = [row.line() for row in rows]
        if not lines:
            return
        count = max(len(line.count) for line in lines)
        time = max(len(line.time) for line in lines)
        room = options.max_width - count - time - 6  # two columns between each two
        label = min(max(len(line.label) for line in lines), max(room - SHORTEST_BAR, 4))
        bar = max(room - label, 1)
        for line in lines:
            grid = Table.grid(padding=(0, 2, 0, 0))
            for width in (label, bar, count, time):
                grid.add_column(width=width, no_wrap=True, overflow="ellipsis")
            grid.add_row(
                Text(line.label),
                ProgressBar(1.0, line.share or 0.0, width=bar, pulse=line.share is None),
                Text(line.count, justify="right"),
                Text(line.time),
            )
            yield grid
            if line.measures:
                yield Padding(Columns(map(Text, line.measures), padding=(0, 3)), (0, 0, 0, 2))


SCREEN = Screen()
