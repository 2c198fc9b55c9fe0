"""How a database is reached: SQLite with the settings that keep answers safe, PostgreSQL with a
limit on how long anybody waits for it."""

import math
import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from benchmark.core.errors import BenchError
from study_server.looking import OF_POSTGRESQL

CONNECTIONS = 16  # connections kept; the site serves with no more threads
CONNECT_SECONDS = 2  # for a connection to PostgreSQL, to each host that the address names
IDLE_SECONDS = 30  # after which PostgreSQL ends a transaction whose process does nothing any more
FRESH_SECONDS = 1.0  # for which a connection is trusted after its use


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.resolve()}"


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for another kind, and for one in memory."""
    parts = _parsed(url)
    name = parts.database or ":memory:"
    if parts.get_backend_name() != "sqlite" or name.startswith((":memory:", "file:")):
        return None
    return Path(name)


def name_of(url: str) -> str:
    """The database as a message may show it: the file, or the URL without its password."""
    file = sqlite_file(url)
    return str(file) if file else str(_parsed(url))


def engine_of(url: str, patience: float, read_only: bool = False) -> Engine:
    """Connections to the database.

    patience: seconds for which a statement may wait, for another writer or for a server that says
    nothing. read_only: of PostgreSQL, so that the server refuses every write. Raises BenchError for
    an address that is none.
    """
    try:
        # hide_parameters: an error in the log must not show an answer
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            hide_parameters=True,
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise _unusable(url, error) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, sqlite_file(url), patience)
    else:
        _replace_cut_connections(engine)
    if engine.dialect.name == "postgresql":
        _set_up_postgresql(engine, patience, read_only)
    return engine


def to_read(engine: Engine) -> Engine:
    """The same connections, in transactions that see one state from their first statement on and
    change nothing. SQLite's see one anyway."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(read=True)


def _replace_cut_connections(engine: Engine) -> None:
    """A connection that was cut while it rested is replaced before anybody notices. To ask each one
    each time (`pool_pre_ping`) is a sixth of what an answer costs the site; so the first of those
    that were in use when all were cut fails, and only then the others are asked."""
    dialect, cut = engine.dialect, -math.inf

    def given_back(connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    def gone(connection: object, record: object, error: object) -> None:
        nonlocal cut
        cut = time.monotonic()

    def taken(connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
        used = record.info.get("used", math.inf)  # never, if it is new
        if used > cut and time.monotonic() - used < FRESH_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, connection, None):
                raise InvalidatePoolError from error  # and those of before are gone with it
            raise

    event.listen(engine, "checkin", given_back)
    event.listen(engine, "invalidate", gone)
    event.listen(engine, "checkout", taken)


def _set_up_sqlite(engine: Engine, file: Path | None, patience: float) -> None:
    def create(*_: Any) -> None:
        """A new file that nobody else may read, whatever the process's mask."""
        if file is not None and not file.exists() and file.parent.is_dir():
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))

    def configure(connection: Any, record: object) -> None:
        connection.isolation_level = None  # transactions begin where `begin` says
        for pragma in (
            f"busy_timeout={round(1000 * patience)}",  # first: to change the journal may wait
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what a person had erased is not left in free pages
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        # Of the driver itself, which is cheaper; so a failure is an error of the driver's.
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "do_connect", create)
    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)


def _set_up_postgresql(engine: Engine, patience: float, read_only: bool) -> None:
    def connect(dialect: object, record: object, args: Any, options: dict[str, Any]) -> Any:
        options.setdefault("connect_timeout", CONNECT_SECONDS)
        if engine.dialect.driver != "psycopg":
            return None  # the driver's own way
        from study_server.patient import patient_connection  # its driver is an extra

        return patient_connection(patience).connect(*args, **options)

    def configure(connection: Any, record: object) -> None:
        settings = {
            # a little before the driver's patience ends, so that the server can say why
            "statement_timeout": f"{round(800 * patience)}ms",
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
            "default_transaction_read_only": "on" if read_only else None,
        }
        cursor = connection.cursor()
        for name, value in settings.items():
            if value is not None:
                cursor.execute(f"SET {name} = '{value}'")
        cursor.close()
        connection.commit()

    def begin(connection: Connection) -> None:
        # For this transaction: what the driver sets for a connection it sets back to READ WRITE,
        # whatever the server's default is.
        if connection.get_execution_options().get("read", False):
            connection.exec_driver_sql(OF_POSTGRESQL)

    event.listen(engine, "begin", begin)
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", configure)


def _parsed(url: str) -> Any:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise _unusable(url, error) from None


def _unusable(url: str, error: Exception) -> BenchError:
    return BenchError(f"cannot use the database {url.rsplit('@', 1)[-1]}: {error}")
