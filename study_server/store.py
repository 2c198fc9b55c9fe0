"""The database: settings of SQLite, migrations, and writes that are safe under concurrency.

Every write runs in `BEGIN IMMEDIATE`, since a transaction that reads first and writes later fails
when another wrote in between. Writes that wait together are committed together: one flush to disk
acknowledges all of them, and none is acknowledged before it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from study_server.writers_lock import WritersLock

T = TypeVar("T")

BUSY_MS = 30_000  # how long a writer waits for another process
THREADS = 16  # connections kept; the site serves with no more threads
POSTGRES_LOCK = 7_204_131_955  # advisory lock that gives PostgreSQL the same one-writer rule


class _Job(Generic[T]):
    """One write that waits for its commit."""

    def __init__(self, work: Callable[[Session], T]):
        self.work = work
        self.done = False
        self.error: BaseException | None = None
        self.result: T | None = None

    def run(self, session: Session) -> bool:
        """Do the work up to the commit. Returns False where it failed, which spoils the
        transaction."""
        try:
            self.result = self.work(session)
            session.flush()
        except Exception as error:  # noqa: BLE001  handed on to the thread that asked
            self.error = error
            return False
        session.expunge_all()
        return True


class Store:
    """Sessions on one database, by URL: `read` gives one, `write` runs work in one."""

    def __init__(self, url: str):
        try:
            self.engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise BenchError(f"cannot use the database {_without_password(url)}: {error}") from None
        self._queue: list[_Job[Any]] = []
        self._queue_lock = threading.Lock()
        self._writer = WritersLock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def look(self) -> Connection:
        """A connection to read from without mapped objects, as a context: cheaper than `read`."""
        return self.engine.connect()

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a write transaction; return its result once that is on disk.

        `work` returns plain values, no mapped objects. What it raises is raised here, and nothing
        of it is stored.
        """
        job = _Job(work)
        with self._queue_lock:
            self._queue.append(job)
        with self._writer:
            if not job.done:  # else the thread before us committed it along with its own
                with self._queue_lock:
                    jobs, self._queue = self._queue, []
                self._commit(jobs)
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # set where there is no error

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        try:
            while jobs and (failed := self._try(jobs)):
                # Rare, so that doing the others again costs less than a savepoint for each.
                failed.done = True
                jobs = [job for job in jobs if job is not failed]
        except BaseException as error:
            for job in jobs:
                job.error = error
            raise
        finally:
            for job in jobs:
                job.done = True

    def _try(self, jobs: list[_Job[Any]]) -> _Job[Any] | None:
        """Commit all jobs, or none where one fails; returns the job that failed."""
        with Session(self.engine, expire_on_commit=False) as session:
            connection = session.connection(execution_options={"write": True})
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"))
            for job in jobs:
                if not job.run(session):
                    return job
            session.commit()
        return None

    def prepare_fork(self) -> None:
        """Let processes forked from now on share this database: none inherits a connection, and
        one lock keeps their writers apart. SQLite alone would do so by sleeping and asking again.
        """
        self.engine.dispose()
        self._writer.share()

    def migrate(self) -> None:
        """Bring the schema to the newest revision. Raises BenchError for a newer or foreign one."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        script = ScriptDirectory.from_config(config)
        try:
            with self.engine.connect().execution_options(write=True) as connection:
                current = MigrationContext.configure(connection).get_current_revision()
                if current is not None and current not in {
                    r.revision for r in script.walk_revisions()
                }:
                    raise BenchError(
                        f"the database {self.engine.url!r} has revision {current}, which this "
                        "version does not know: it was written by a newer one; update this one"
                    )
                if current != script.get_current_head():
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                    connection.commit()
        except DBAPIError as error:
            raise BenchError(
                f"cannot open the database {self.engine.url!r}: {error.orig}"
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._writer.close()


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.resolve()}"


def _engine(url: str) -> Engine:
    # hide_parameters: an error in the log must not show an answer
    engine = create_engine(url, pool_size=THREADS, max_overflow=THREADS, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    for pragma in (
        f"busy_timeout={BUSY_MS}",  # first, since changing the journal may have to wait
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("write", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # takes no lock yet and cannot fail, so that the driver itself can be asked: cheaper
        connection.connection.cursor().execute("BEGIN")


def _without_password(url: str) -> str:
    return url.rsplit("@", 1)[-1]
