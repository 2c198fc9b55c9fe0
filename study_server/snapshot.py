"""One state of an SQLite database, copied without a trace where it lies.

The copy is whole although answers arrive while it is made. Nothing is written into the folder: it
works where nobody may write, and leaves the log of a site that was killed as it is.

A process that works with a database must not open its files by itself: closing them would take away
the locks that SQLite holds. So all that is done here to a database in use is done by SQLite.
"""

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from benchmark.core.errors import BenchError
from study_server.trouble import RESTORE, told

ATTEMPTS = 20  # to copy a database without a log while others may begin to write one
SECONDS = 30.0  # to wait for others' locks

Stamp = tuple[int, int, int]


def copy_of(file: Path, copy: sqlite3.Connection) -> int:
    """Fill the empty database `copy` with the present state of `file`, and check it; returns how
    many judgments `file` holds.

    Raises BenchError where there is no such file, or it is damaged, and sqlite3.Error.
    """
    if not file.is_file():
        raise BenchError(f"there is no database {file}")
    count = _copied(file, copy)
    check(copy, file)
    return count


def check_file(file: Path) -> None:
    """See that a database which is to be worked with is sound, and that its owner alone may read
    it. Raises BenchError where it is damaged, or its log is there without it.

    Takes about 0.15 s for 100,000 judgments.
    """
    if not file.exists():
        check_nothing_left(file)
        return
    for path in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
        with suppress(OSError):  # another user's
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
    if not file.stat().st_size:
        raise BenchError(
            f"the database {file} is empty: {RESTORE}, or remove it if nobody has taken part yet"
        )
    address = f"{file.absolute().as_uri()}?mode=rw"
    with told(str(file)), closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as db:
        check(db, file)


def check_nothing_left(file: Path) -> None:
    """Raises BenchError where the log of a database is there without it: it was not always so."""
    for path in (file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm")):
        if path.exists():
            raise BenchError(f"{path} is there without its database {file}: {RESTORE}")


def check(db: sqlite3.Connection, file: Path, thorough: bool = False) -> None:
    """Raises BenchError where the database behind `db`, called `file`, is damaged."""
    pragma = "integrity_check" if thorough else "quick_check"
    found = db.execute(f"PRAGMA {pragma}(1)").fetchall()
    if found != [("ok",)]:
        reason = " ".join(str(found[0][0]).split())
        raise BenchError(f"the database {file} is damaged ({reason}): {RESTORE}")


def in_memory(file: Path | None) -> tuple[str, sqlite3.Connection]:
    """The URL of a copy of `file` in this process's memory, empty where that is None, and a
    connection: the copy is there for as long as that is open."""
    name = f"file:study-{secrets.token_hex(8)}?mode=memory&cache=shared"
    copy = sqlite3.connect(name, uri=True, check_same_thread=False)
    if file is not None:
        try:
            with told(str(file)):
                copy_of(file, copy)
        except BaseException:
            copy.close()
            raise
    return f"sqlite:///{name}&uri=true", copy


def _copied(file: Path, copy: sqlite3.Connection) -> int:
    log, index = (file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))
    for _ in range(ATTEMPTS):
        if _size(log) and not index.exists():  # left by a site that was killed, and copied here
            with _apart(file, log) as own:
                return _backed_up(own, "mode=rw", copy)
        if log.exists() and index.exists():  # a site works with it, or was killed
            return _backed_up(file, "mode=ro", copy)
        # Without a log SQLite would begin one, even to read. Said that nobody changes the file, it
        # does not; so see that nobody did.
        before = _stamp(file)
        count = _backed_up(file, "immutable=1", copy)
        if _stamp(file) == before and not _size(log):
            return count
    raise BenchError(f"the database {file} changes all the time; try again")


def _backed_up(file: Path, how: str, copy: sqlite3.Connection) -> int:
    address = f"{file.absolute().as_uri()}?{how}"
    with closing(
        sqlite3.connect(address, uri=True, timeout=SECONDS, isolation_level=None)
    ) as source:
        source.execute("BEGIN")  # so that the count is that of the state copied
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'judgment'"
        if source.execute(tables).fetchone() == (0,):
            raise BenchError(f"the database {file} is empty or of another program: {RESTORE}")
        (count,) = source.execute("SELECT count(*) FROM judgment").fetchone()
        source.backup(copy)
    return int(count)


@contextmanager
def _apart(file: Path, log: Path) -> Iterator[Path]:
    """Copies of both files, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / file.name
        shutil.copyfile(file, own)
        shutil.copyfile(log, own.with_name(log.name))
        yield own


def _stamp(file: Path) -> Stamp:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
