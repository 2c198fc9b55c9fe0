"""How often something happened in a window of time, counted in this process's memory."""

import threading
from collections.abc import Hashable

from study_server.steady_clock import elapsed

MANY = 10_000  # windows, old ones among them; with more, all old ones are forgotten together


class Windows:
    """Fixed windows by the steady clock. Each key has its own, which begins when the key comes and
    none of its windows lasts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[Hashable, tuple[int, float]] = {}  # key -> count, end

    def count(self, key: Hashable, seconds: float) -> int:
        """Count once more; returns how often the key came in its window. seconds: of a new one."""
        moment = elapsed()
        with self._lock:
            if len(self._windows) > MANY:
                self._windows = {k: w for k, w in self._windows.items() if w[1] > moment}
            count, end = self._windows.get(key, (0, 0.0))
            if end <= moment:
                count, end = 0, moment + seconds
            self._windows[key] = (count + 1, end)
            return count + 1

    def reset(self) -> int:
        """Forget everything; returns how many windows there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count
