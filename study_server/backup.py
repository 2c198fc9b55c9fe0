"""A copy of the database that is whole although answers arrive while it is made; and back again."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import make_url

from benchmark.core.errors import BenchError
from study_server.bundle import Bundle
from study_server.databases import sqlite_file
from study_server.folders import new_file, working_in
from study_server.schema import is_current
from study_server.served import check_study
from study_server.snapshot import check, copy_of, in_memory
from study_server.store import Store
from study_server.trouble import told


def back_up(bundle: Bundle, url: str, path: Path) -> int:
    """Copy the study's SQLite database to the new file `path`, whether the site runs or not, and
    read the copy; returns how many judgments it holds.

    Raises BenchError where `path` exists or cannot be written, the database is damaged or of
    another study, or is no SQLite file.
    """
    file = _file_of(url, "pg_dump --format=custom --file=FILE")
    return _copy(bundle, file, path)


def restore(bundle: Bundle, url: str, backup: Path) -> tuple[int, Path | None]:
    """Put a backup in the place of the study's SQLite database, lost or damaged or not; returns how
    many judgments it holds, and where the former database is kept now.

    Raises BenchError, and changes nothing, while anybody works with the database, and where the
    backup is damaged or of another study.
    """
    file = _file_of(url, "pg_restore --clean --if-exists --dbname=URL")
    if backup.resolve() == file.resolve():
        raise BenchError(f"{backup} is the database itself; give a backup of it")
    with working_in(file.parent, alone=True):
        part = file.with_name(f".{file.name}.restored")
        part.unlink(missing_ok=True)  # of a restore that was killed
        try:
            count = _copy(bundle, backup, part)
            owner = (file if file.exists() else file.parent).stat()
            with suppress(OSError):  # the site's user, not the one who restores
                os.chown(part, owner.st_uid, owner.st_gid)
            former = _aside(file)
            part.replace(file)
        except OSError as error:
            raise BenchError(f"cannot restore {file}: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)
    return count, former


def _copy(bundle: Bundle, source: Path, path: Path) -> int:
    try:
        with new_file(path) as part, told(str(source)):
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                try:
                    count = copy_of(source, copy)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                        raise
                    # The source is only read, so that this is the disk of the copy.
                    raise BenchError(f"cannot write {path}: its disk is full") from error
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it
            with closing(sqlite3.connect(part)) as copy:  # read back as it will be one day
                check(copy, path, thorough=True)
                faults = copy.execute("PRAGMA foreign_key_check").fetchall()
                held = copy.execute("SELECT count(*) FROM judgment").fetchone()
            if faults or held != (count,):
                raise BenchError(f"the copy of {source} is not what it was made of; try again")
            _check_study(bundle, part)
    except FileExistsError:
        raise BenchError(f"{path} exists already; give another name") from None
    except sqlite3.OperationalError as error:
        raise BenchError(f"cannot write {path}: {error}") from None
    return count


def _check_study(bundle: Bundle, file: Path) -> None:
    """Raises BenchError where a database holds another study, or one of a newer version."""
    url, anchor = in_memory(file)
    store = Store(url, anchor=anchor)
    try:
        with store.read() as db:
            is_current(db.connection())
            check_study(db, bundle)
    finally:
        store.close()


def _aside(file: Path) -> Path | None:
    """Keep the former database under a dated name, too. Its log moves there: it must not be read
    as the new one's."""
    ends = [end for end in ("-wal", "-shm", "") if _beside(file, end).exists()]
    if not ends:
        return None
    kept = file.with_name(f"{file.name}.{time.strftime('%Y-%m-%d-%H%M%S')}")
    for end in ends:
        with suppress(FileNotFoundError):
            if end:
                _beside(file, end).rename(_beside(kept, end))
            else:
                os.link(file, kept)  # so that there is a database at every moment
    return kept


def _beside(file: Path, end: str) -> Path:
    return file.with_name(f"{file.name}{end}")


def _file_of(url: str, tool: str) -> Path:
    file = sqlite_file(url)
    if file is None:
        kind = make_url(url).get_backend_name()
        raise BenchError(f"a {kind} database has tools of its own for this: `{tool}`")
    return file
