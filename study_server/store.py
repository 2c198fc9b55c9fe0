"""The database: sessions to read, and writes that are safe under concurrency.

Every write runs in `BEGIN IMMEDIATE`, since a transaction that reads first and writes later fails
when another wrote in between. Writes that wait together are committed together: one flush to disk
acknowledges all of them, and none is acknowledged before it.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from study_server.databases import engine_of, name_of, sqlite_file, to_read
from study_server.looking import Look
from study_server.schema import migrate
from study_server.trouble import Away, advice, is_trouble
from study_server.turns import Turns
from study_server.write_ahead import Settler, settle
from study_server.writers_lock import WritersLock

T = TypeVar("T")

PATIENCE = 3.0  # seconds that a page waits for the database; then it says that it waits no more
POSTGRES_LOCK = 7_204_131_955  # advisory lock that gives PostgreSQL the same one-writer rule

log = logging.getLogger("study")


class _Job(Generic[T]):
    """One write that waits for its commit."""

    def __init__(self, work: Callable[[Connection], T]):
        self.work = work
        self.done = False
        self.error: BaseException | None = None
        self.result: T | None = None

    def run(self, connection: Connection) -> bool:
        """Do the work up to the commit. Returns False where it failed, which spoils the
        transaction."""
        try:
            self.result = self.work(connection)
        except Exception as error:
            if is_trouble(error):  # for all that wait, not for this one
                raise
            self.error = error
            return False
        return True


class Store:
    """One database, by URL: `read` gives a session and `look` a connection to read from, `write`
    runs work in a session and `change` on a connection.

    name: the database as messages call it. patience: seconds that a thread waits until it may
    write for itself and others, and that each statement waits. read_only: of PostgreSQL; see
    `databases.engine_of`. anchor: what keeps a database in memory; closed with the store. turns: of
    the threads that use SQLite; who waits to write gives theirs to another.
    """

    def __init__(
        self,
        url: str,
        patience: float = PATIENCE,
        read_only: bool = False,
        anchor: sqlite3.Connection | None = None,
    ):
        self.url, self.name, self._patience, self._anchor = url, name_of(url), patience, anchor
        self.engine = engine_of(url, patience, read_only)
        self._to_read = to_read(self.engine)
        self._queue: list[_Job[Any]] = []
        self._led = False  # whether a thread commits what waits
        self._changed = threading.Condition()  # of the two
        self.turns = Turns(self.engine.dialect.name == "sqlite")
        self._writer = WritersLock()
        self._settler: Settler | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with Session(self._to_read, expire_on_commit=False) as session:
            yield session

    def look(self) -> Look:
        """A connection on which `Statement`s read, as a context: much cheaper than `read`."""
        return Look(self.engine.dialect, self.engine.raw_connection())

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a write transaction; return its result once that is on disk.

        `work` returns plain values, no mapped objects. What it raises is raised here, and nothing
        of it is stored. Raises Away, or the driver's error, where the database is in trouble: then
        it is not known whether anything is stored.
        """

        def in_session(connection: Connection) -> T:
            with Session(connection, expire_on_commit=False) as session:
                result = work(session)
                session.flush()
            return result

        return self.change(in_session)

    def change(self, work: Callable[[Connection], T]) -> T:
        """`write` with a connection, on which `Statement`s run: a session would cost an answer as
        much time as all that it stores."""
        job = _Job(work)
        with self.turns.away():
            if self._leads(job):
                self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]  # set where there is no error

    def _leads(self, job: _Job[Any]) -> bool:
        """Wait until another thread has committed the job along with its own (False), or until
        this one is to commit all that wait. Raises Away where that takes too long."""
        with self._changed:
            self._queue.append(job)
            if not self._changed.wait_for(lambda: job.done or not self._led, self._patience):
                if job in self._queue:  # nobody has begun it yet
                    self._queue.remove(job)
                raise Away("others write for too long")
            if not job.done:
                self._led = True
                return True
        return False

    def _lead(self) -> None:
        """Commit all that wait, once no other process writes: each of these waits for the database
        no longer than its patience."""
        try:
            with self._writer.held():
                with self._changed:
                    jobs, self._queue = self._queue, []
                self._commit(jobs)
        finally:
            with self._changed:
                self._led = False
                self._changed.notify_all()

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
        with self.engine.connect().execution_options(write=True) as connection:
            connection.begin()
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"))
            with self.turns.turn():
                for job in jobs:
                    if not job.run(connection):
                        return job
            connection.commit()
        return None

    def prepare_fork(self) -> None:
        """Let processes forked from now on share this database: none inherits a connection, and
        one lock keeps their writers apart. SQLite alone would do so by sleeping and asking again.
        """
        self.engine.dispose()
        self._writer.share()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; see `schema.migrate`."""
        migrate(self.url)

    def keep_settled(self) -> None:
        """Settle from now on whenever nobody writes for a moment, in a thread of this process."""
        file = sqlite_file(self.url)
        if file is not None and self._settler is None:
            self._settler = Settler(file)
            self._settler.start()

    def settle(self) -> None:
        """Let SQLite's own file hold all that is stored; see `write_ahead`. It never raises: all
        that is stored is safe in the log as well."""
        file = sqlite_file(self.url)
        if file is None or not file.exists():
            return
        try:
            settle(file)
        except sqlite3.Error as error:
            log.info("%s", advice(error, self.name))

    def close(self) -> None:
        """Close all connections, and settle."""
        if self._settler is not None:
            self._settler.stop()
        self.engine.dispose()
        self.settle()
        self._writer.close()
        if self._anchor is not None:
            self._anchor.close()
