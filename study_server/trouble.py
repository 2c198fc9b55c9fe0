"""A database in trouble: which errors are its own, and what each of them asks of the staff."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from benchmark.core.errors import BenchError

KINDS = {"OperationalError", "InternalError", "InterfaceError"}  # of every Python driver
RESTORE = "put a backup in its place with `bench study restore STUDY FILE`"
OF_SQLITE = {
    sqlite3.SQLITE_READONLY: "it is read-only: let this user write to the file and its folder",
    sqlite3.SQLITE_PERM: "let this user read and write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "let this user read and write the file and its folder",
    sqlite3.SQLITE_FULL: "its disk is full: make room",
    sqlite3.SQLITE_IOERR: "its disk fails or is full: make room, or move the study to another disk",
    sqlite3.SQLITE_CORRUPT: f"it is damaged: {RESTORE}",
    sqlite3.SQLITE_NOTADB: f"it is no database, or damaged: {RESTORE}",
    sqlite3.SQLITE_BUSY: "another program holds it: end that one, or try again",
    sqlite3.SQLITE_LOCKED: "another program holds it: end that one, or try again",
}
OF_POSTGRESQL = {  # by SQLSTATE, or by its class
    "25006": "the server or the role may only read: give a server and a role that can write",
    "42501": "the role lacks a right: grant it, or give another role",
    "53": "the server is out of disk, memory or connections: make room",
    "57014": "the server took too long: see what else it does",
    "XX": "its files are damaged: restore a backup with pg_restore",
}


class Away(Exception):
    """The database was not asked, or not heard in time: what was to be stored may not be."""


def is_trouble(error: BaseException) -> bool:
    """Whether the database itself is at fault, and not what it was asked."""
    if isinstance(error, Away | PoolTimeout):
        return True
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    names = [kind.__name__ for kind in type(cause).__mro__]
    if "Error" not in names or _sqlite_code(cause) == sqlite3.SQLITE_ERROR:  # a faulty statement
        return False
    own = names[0] == "DatabaseError" or not KINDS.isdisjoint(names)
    return own or getattr(cause, "sqlstate", None) == "42501"


def advice(error: BaseException, database: str) -> str:
    """What is wrong with `database` and what to do, in one line."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    reason = " ".join(str(cause).split())
    state = getattr(cause, "sqlstate", None) or ""
    known = OF_SQLITE.get(_sqlite_code(cause)) or next(
        (words for start, words in OF_POSTGRESQL.items() if state.startswith(start)), None
    )
    if known is None:
        known = "see that it runs and that its address is right"
    return f"the database {database} cannot be used ({reason}); {known}"


@contextmanager
def told(database: str) -> Iterator[None]:
    """Turn trouble with `database` into a BenchError of one line."""
    try:
        yield
    except Exception as error:
        if not is_trouble(error):
            raise
        raise BenchError(advice(error, database)) from None


def _sqlite_code(error: object) -> int:
    """The primary code of an error of SQLite; 0 for another's."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return int(code) & 0xFF
