"""A copy of the database that is whole although answers arrive while it is made."""

import sqlite3
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.core.storage import write_atomically
from study_server.served import Served


def back_up(study: Served, path: Path) -> None:
    """Copy the SQLite database to `path` while the site runs, and check the copy.

    Raises BenchError for other databases: use their own tools.
    """
    engine = study.store.engine
    if engine.dialect.name != "sqlite":
        raise BenchError(f"a {engine.dialect.name} database is backed up by its own tools")

    def copied(part: Path) -> None:
        source = sqlite3.connect(str(engine.url.database))
        copy = sqlite3.connect(part)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, no journal beside it
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        finally:
            copy.close()
            source.close()
        if verdict != "ok":
            raise BenchError(f"the backup of {engine.url.database} is damaged: {verdict}")

    write_atomically(path, copied)
