"""The lock that lets one process at a time write to the database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where the site is one process
    fcntl = None  # type: ignore[assignment]


class WritersLock:
    """Once it is shared, held by one of all processes forked later; until then there is nothing to
    wait for. In a process one thread at a time asks for it: the one that commits for all.

    It is a record lock on a file without a name. The system takes it from a process that dies,
    however it dies, and lets those that wait sleep until then; to ask again and again until some
    moment would leave one process to the others' luck.
    """

    def __init__(self) -> None:
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait until no other process holds the lock, and hold it."""
        if self._file is None:
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
