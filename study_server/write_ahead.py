"""SQLite's write-ahead log, emptied into the database's own file, which alone then holds all.

An answer is safe in the log, too. But people copy the one file that has the database's name.
"""

import logging
import sqlite3
import threading
import time
from pathlib import Path

from study_server.trouble import advice

QUIET = 1.0  # seconds without a write, by whichever process, after which nobody is disturbed
LOOK = 0.25  # seconds between two looks at the log
PATIENCE = 1.0  # seconds to wait for others at the start and at the end of a process

log = logging.getLogger("study")


def settle(file: Path, patience: float = PATIENCE) -> bool:
    """Empty the log of the database `file`; False where that has to wait for others.

    patience: seconds to wait for those who read, and for so long nobody can write. Raises
    sqlite3.Error.
    """
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=patience, isolation_level=None
    )
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the bulk, beside others' writes
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    return not busy


class Settler(threading.Thread):
    """Empties the log of `file` whenever nobody has written for a while, until `stop`."""

    def __init__(self, file: Path):
        super().__init__(daemon=True, name="settler")
        self._file, self._log = file, file.with_name(f"{file.name}-wal")
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look at the log again and again: it is at rest when it stays as it was."""
        seen, since = (0, 0), time.monotonic()
        while not self._stopped.wait(LOOK):
            found, now = self._written(), time.monotonic()
            if found != seen:
                seen, since = found, now
            elif found[0] and now - since >= QUIET:
                self._settle()

    def _written(self) -> tuple[int, int]:
        """The log's size and the time of its last write."""
        try:
            found = self._log.stat()
        except OSError:
            return 0, 0
        return found.st_size, found.st_mtime_ns

    def _settle(self) -> None:
        try:
            settle(self._file, 0.0)
        except sqlite3.Error as error:
            log.warning("%s", advice(error, str(self._file)))
            self._stopped.wait(QUIET)

    def stop(self) -> None:
        """End it; it may be in the middle of its work."""
        self._stopped.set()
