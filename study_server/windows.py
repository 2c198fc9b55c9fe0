"""Counters of the rate limits, in this process's memory.

The memory storage that comes with the limiter starts a thread a hundred times a second to forget
old windows; that took a tenth of the time of a busy site. Here a window is forgotten when its key
comes again, and all old ones together once there are many.
"""

import threading

from limits.storage import Storage

from study_server.steady_clock import elapsed, now

ADDRESS = "windows://"  # by which the limiter finds the class below
MANY = 10_000  # windows, old ones among them


class Windows(Storage):
    """Fixed windows: how often each key was seen before its window ends, by the steady clock."""

    STORAGE_SCHEME = ["windows"]  # noqa: RUF012  the base class reads it so

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str):
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # key -> count, end

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exceptions of a broken storage; here only a bug can raise one."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more; a new window ends in `expiry` seconds. Returns the count."""
        moment = elapsed()
        with self._lock:
            if len(self._windows) > MANY:
                self._windows = {k: w for k, w in self._windows.items() if w[1] > moment}
            count, end = self._windows.get(key, (0, 0.0))
            if end <= moment:
                count, end = 0, moment + expiry
            self._windows[key] = (count + amount, end)
            return count + amount

    def get(self, key: str) -> int:
        """The count of the present window."""
        count, end = self._windows.get(key, (0, 0.0))
        return count if end > elapsed() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since the epoch."""
        moment = elapsed()
        return now() + self._windows.get(key, (0, moment))[1] - moment

    def check(self) -> bool:
        """Whether the storage can be reached; memory always can."""
        return True

    def reset(self) -> int:
        """Forget everything; returns how many windows there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._windows.pop(key, None)
