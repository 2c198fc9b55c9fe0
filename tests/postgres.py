"""A PostgreSQL server of the tests' own, on a local socket, run by an ordinary user."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwall

import pytest
from sqlalchemy import create_engine, text

from tests.study_server.forking_server import alive, children, wait_until


@dataclass
class Postgres:
    """The server in the folder `place`. become: words before a command that it is to run as."""

    place: Path
    bin: Path
    become: list[str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str, user: str = "study") -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.place}"

    def run(self, program: str, *arguments: object) -> None:
        """A program of the server's, on its data."""
        data, log = self.place / "data", self.place / "log"
        words = [*self.become, str(self.bin / program), "-D", str(data), *map(str, arguments)]
        with log.open("a") as out:
            done = subprocess.run(words, cwd=self.place, stdout=out, stderr=out, check=False)
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        self.run("pg_ctl", "-w", "-o", f"-k {self.place} -c listen_addresses= -F", "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill all of its processes; `start` brings back what was committed."""
        notes = [self.place / "data" / "postmaster.pid", self.place / ".s.PGSQL.5432.lock"]
        first = int(notes[0].read_text().split()[0])
        processes = [first, *children(first)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(map(alive, processes)))
        for note in notes:  # else it is taken for alive until somebody waited for it
            note.unlink()

    def do(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the server's owner."""
        engine = create_engine(self.url(database), isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text(statement))
        engine.dispose()

    def new_database(self) -> str:
        """The URL of a new and empty database."""
        name = f"study{next(self.numbers)}"
        self.do(f"CREATE DATABASE {name}")
        return self.url(name)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A running server; the test is skipped where PostgreSQL is not installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4])
    )
    if not found or find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql, pip install '.[postgres]'")
    place = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # sockets want a short path
    become: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to be run by root
        users = {user.pw_name for user in getpwall()}
        user = "postgres" if "postgres" in users else "nobody"
        shutil.chown(place, user)
        become = ["setpriv", f"--reuid={user}", "--clear-groups"]
    server = Postgres(place, found[-1].parent, become)
    try:
        server.run("initdb", "-A", "trust", "-U", "study", "-E", "UTF8", "--locale=C", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
