"""Ctrl-C that waits for the end of a training step."""

import signal
import threading
from types import FrameType
from typing import Self


class Interruption:
    """While entered, the first Ctrl-C only sets `asked`; a second one interrupts at once.

    A loop that looks at `asked` between two steps never stops within one, so what it saves then is
    what an undisturbed run would have had. Outside the main thread Ctrl-C is left alone.
    """

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Self:
        self.here = threading.current_thread() is threading.main_thread()
        if self.here:
            self.previous = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self.here:
            signal.signal(signal.SIGINT, self.previous)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self.previous)
