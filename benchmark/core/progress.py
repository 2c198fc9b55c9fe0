"""Progress of a long loop: where it stands, what it measures, when it will be done."""

import sys
import time
from collections.abc import Mapping
from datetime import timedelta

LINE_EVERY = 30.0  # seconds between lines in a log file
REDRAW_EVERY = 0.5  # seconds between redraws on a terminal


class Progress:
    """Prints `label step/total, measures, time left` to stderr: redrawn on a terminal, else lines.

    `start` is the step a resumed loop begins at; only steps since then count for the time left.
    """

    def __init__(self, label: str, total: int, start: int = 0) -> None:
        self.label, self.total, self.start = label, total, start
        self.began = self.shown = time.monotonic()
        self.on_terminal = sys.stderr.isatty()

    def update(self, step: int, measures: Mapping[str, float]) -> None:
        """Tell that `step` steps are done; prints only when the last print is old enough."""
        now = time.monotonic()
        finished = step >= self.total
        wait = REDRAW_EVERY if self.on_terminal else LINE_EVERY
        if now - self.shown < wait and not finished:
            return
        self.shown = now
        left = (now - self.began) / max(step - self.start, 1) * (self.total - step)
        values = "  ".join(f"{name} {value:.3f}" for name, value in measures.items())
        line = f"{self.label}  {step:,}/{self.total:,}  {values}  {_clock(left)} left"
        if self.on_terminal:
            print(f"\r\033[K{line}", end="\n" if finished else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
