"""A PostgreSQL server of the tests' own, on a local socket, run by an ordinary user."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.study_server.forking_server import alive, children, wait_until


class Postgres:
    """A cluster below `place`; it may be killed and started again."""

    def __init__(self, programs: Path, place: Path):
        self._programs, self._place = programs, place
        self._become: list[str] = []
        self._numbers = itertools.count()
        if os.geteuid() == 0:  # PostgreSQL refuses to be run by root
            from pwd import getpwall  # not on Windows

            users = {user.pw_name for user in getpwall()}
            user = "postgres" if "postgres" in users else "nobody"
            shutil.chown(place, user)
            self._become = ["setpriv", f"--reuid={user}", "--clear-groups"]
        self._run("initdb", "-A", "trust", "-U", "study", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-o", f"-k {self._place} -c listen_addresses= -F", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill all of its processes; `start` brings back what was committed."""
        notes = [self._place / "data" / "postmaster.pid", self._place / ".s.PGSQL.5432.lock"]
        first = int(notes[0].read_text().split()[0])
        processes = [first, *children(first)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(map(alive, processes)))
        for note in notes:  # else it is taken for alive until somebody waited for it
            note.unlink()

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"study{next(self._numbers)}"
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://study@/{name}?host={self._place}"

    def _run(self, program: str, *arguments: str) -> None:
        path, data = self._programs / program, self._place / "data"
        words = [*self._become, str(path), "-D", str(data), *arguments]
        log = self._place / "log"
        with log.open("a") as out:
            code = subprocess.run(
                words, cwd=self._place, stdout=out, stderr=out, timeout=60, check=False
            ).returncode
        assert code == 0, log.read_text()


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A running server; skips the test where none is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4])
    )
    if not found or find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql, pip install '.[postgres]'")
    place = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # sockets want a short path
    try:
        server = Postgres(found[-1].parent, place)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
