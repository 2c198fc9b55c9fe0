"""The log of a served study. What fails again and again is said once, and then counted."""

import logging
import re
import sys
import time
from dataclasses import dataclass

from study_server.trouble import is_trouble

EVERY = 5.0  # seconds between two lines on one kind of failure
NUMBER = re.compile(r"\d+(\.\d+)?")
FORMAT = "%(asctime)s %(levelname)s %(message)s"
QUIET = ("alembic", "sqlalchemy", "psycopg", "waitress")  # say no more than what is wrong


@dataclass
class _Seen:
    since: float
    first: logging.LogRecord
    more: int = 0


class Brief(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes warnings and errors of one kind once in `EVERY` seconds, with the number of others
    since; all else as it comes. Two are of one kind that differ in numbers alone."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(logging.Formatter(FORMAT))
        self._seen: dict[tuple[str, str], _Seen] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, or count it."""
        now = time.monotonic()
        self._tell(now)
        if record.levelno >= logging.WARNING:
            record = _shortened(record)
            kind = record.name, NUMBER.sub("#", record.getMessage().partition("\n")[0])
            if kind in self._seen:
                self._seen[kind].more += 1
                return
            self._seen[kind] = _Seen(now, record)
        super().emit(record)

    def _tell(self, now: float) -> None:
        """Write how often each kind came since its last line, where that is long enough ago."""
        for kind, seen in list(self._seen.items()):
            if now - seen.since < EVERY:
                continue
            if not seen.more:
                del self._seen[kind]
                continue
            message = seen.first.getMessage().partition("\n")[0]
            words = f"{message} (and {seen.more} more in {now - seen.since:.0f} s)"
            super().emit(_saying(seen.first, words))
            seen.since, seen.more = now, 0


def log_to_stderr() -> None:
    """Log requests and what goes wrong to stderr."""
    logging.basicConfig(level=logging.INFO, handlers=[Brief()])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a request that waits is no fault


def _shortened(record: logging.LogRecord) -> logging.LogRecord:
    """Without a traceback where the database is in trouble: the place does not matter."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None or not is_trouble(error):
        return record
    reason = " ".join(str(error).partition("\n")[0].split())
    return _saying(record, f"{record.getMessage().partition(chr(10))[0]} ({reason})")


def _saying(record: logging.LogRecord, words: str) -> logging.LogRecord:
    whole = {"name": record.name, "levelno": record.levelno, "levelname": record.levelname}
    return logging.makeLogRecord(whole | {"msg": words})
