"""Seconds of work on a device, measured without waiting for it.

A card does later what it is asked now, so a clock around the asking would show too little, and one
that waits would cost the time that it measures. There the card itself notes when each stretch of
work began and ended, and its notes are read once they are there.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch


class Clock:
    """Seconds of all stretches that `timed` gave it, on one device."""

    def __init__(self, device: torch.device | str) -> None:
        self.device = torch.device(device)
        self._read = 0.0
        self._notes: deque[tuple[torch.cuda.Event, torch.cuda.Event, float]] = deque()

    @property
    def seconds(self) -> float:
        """Of everything so far; waits for a card until that is done."""
        if self._notes:
            self._notes[-1][1].synchronize()
        self._read_notes()
        return self._read

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._notes.clear()
        self._read = value

    def add(self, seconds: float) -> None:
        self._read += seconds

    def note(self, began: torch.cuda.Event, ended: torch.cuda.Event, share: float) -> None:
        """The card will have noted both; `share` of the time between them counts."""
        self._notes.append((began, ended, share))
        self._read_notes()  # those of earlier stretches, so that they do not pile up

    def _read_notes(self) -> None:
        while self._notes and self._notes[0][1].query():  # asks whether it is there, and goes on
            began, ended, share = self._notes.popleft()
            self._read += share * began.elapsed_time(ended) / 1000.0  # of milliseconds


@contextmanager
def timed(clocks: Sequence[Clock]) -> Iterator[None]:
    """The work inside, on the device of the clocks, counts for them in equal parts."""
    if clocks and clocks[0].device.type == "cuda":
        stream = torch.cuda.current_stream(clocks[0].device)
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record(stream)
        try:
            yield
        finally:
            ended.record(stream)
            for clock in clocks:
                clock.note(began, ended, 1.0 / len(clocks))
        return
    before = time.perf_counter()
    try:
        yield
    finally:
        spent = time.perf_counter() - before
        for clock in clocks:
            clock.add(spent / len(clocks))
