"""How the site is asked to stop: by Ctrl-C, a service manager, or a terminal that closes."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not known everywhere


class Stop:
    """Hears the signals within its `with`, except those that the process ignores, as under nohup.

    At first a signal raises KeyboardInterrupt. That alone would not do: Python drops what is raised
    while it imports or forks. So it is kept as well, and `then` finds it. asked: it came.
    """

    def __init__(self) -> None:
        self.asked = False
        self._act: Callable[[], object] = _interrupt
        self._before: dict[int, Any] = {}

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` for every signal from now on, and at once where one came already.

        `act` runs between any two steps of the main thread: it takes no lock.
        """
        self._act = act
        if self.asked:
            act()

    def __enter__(self) -> "Stop":
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._act()


def _interrupt() -> None:
    raise KeyboardInterrupt
