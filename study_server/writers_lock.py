"""The lock that lets one writer at a time at the database."""

import tempfile
import threading
from types import TracebackType
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where the site is one process
    fcntl = None  # type: ignore[assignment]


class WritersLock:
    """Held by one thread of a process; once `shared`, by one of all processes forked later.

    Between processes it is a record lock on a file without a name. The system takes it from a
    process that dies, however it dies, and lets those that wait sleep until then.
    """

    def __init__(self) -> None:
        self._among_threads = threading.Lock()
        self._file: IO[bytes] | None = None

    def share(self) -> None:
        """Share the lock with processes that are forked from now on. Nobody may hold it."""
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  stays open: closing it unlocks

    def close(self) -> None:
        """Take back what `share` made. Nobody may hold the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def acquire(self, timeout: float = -1) -> bool:
        """Wait until no thread of this process holds the lock, for `timeout` seconds at most (-1:
        without end), then until no other process does. Returns whether it is held now."""
        if not self._among_threads.acquire(timeout=timeout):
            return False
        if self._file is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX)
            except BaseException:
                self._among_threads.release()
                raise
        return True

    def release(self) -> None:
        """Let the next one in."""
        try:
            if self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        finally:
            self._among_threads.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
