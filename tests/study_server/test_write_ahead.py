"""The one file that has the database's name holds every answer, however the site is stopped."""

import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from study_server import annotators, commands
from study_server.bundle import Bundle
from study_server.served import open_study
from study_server.server import running
from study_server.store import Store
from study_server.visitor import Visitor
from study_server.write_ahead import settle

from .blobs import blob_bundle
from .conftest import QUIZ
from .forking_server import ForkingServer, alive, wait_until

YES = {"consistent": "yes", "single": "yes", "category": "colour"}


def held(file: Path, to: Path) -> int:
    """The judgments in a copy of this one file."""
    shutil.copyfile(file, to)
    with sqlite3.connect(to) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return copy.execute("SELECT count(*) FROM judgment").fetchone()[0]


def answer(base: str, link: str, count: int) -> None:
    """Take part as far as `count` confirmed answers."""
    visitor = Visitor(base)
    visitor.get(link)
    for fields in ({"choice": "agree"}, {}, QUIZ)[: 3 * (visitor.last.path == "/consent")]:
        visitor.post(fields)
    for _ in range(count):
        assert visitor.last.path.startswith("/items/")
        assert visitor.post(YES).status == 200
    visitor.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkingServer]:
    folder = tmp_path_factory.mktemp("stopped") / "study"
    blob_bundle(folder, per_method=6, generators=("blobs-grey",), ratings=100, items=18)
    server = ForkingServer(folder)
    server.folder = folder
    server.answered = 0
    (link,) = commands.invite(folder, 1)
    server.link = link.removeprefix("http://127.0.0.1:8000")
    yield server
    server.end()


@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "members"])
def test_after_every_way_of_stopping(server: ForkingServer, tmp_path: Path, end: str) -> None:
    server.start()
    wait_until(server.answers)
    everybody = [server.parent, *server.members]
    answer(server.base, server.link, 3)
    server.answered += 3
    assert commands.backup(server.folder, tmp_path / "backup.sqlite") == server.answered
    with pytest.raises(BenchError, match="stop it first"):
        commands.restore(server.folder, tmp_path / "backup.sqlite")
    if end in ("SIGINT", "SIGHUP"):  # from a terminal they reach the whole group
        os.killpg(server.parent, getattr(signal, end))
    elif end == "members":  # nobody is left that could close the database as it should be
        for member in server.members:
            server.kill(member=member)
        server.kill(signal.SIGTERM)
    else:
        server.kill(getattr(signal, end))
    wait_until(lambda: not any(map(alive, everybody)))
    file = server.folder / "private" / "study.sqlite"
    assert held(file, tmp_path / "copy.sqlite") == server.answered
    assert file.stat().st_mode & 0o777 == 0o600


def test_while_nobody_answers(bundle: Bundle, tmp_path: Path) -> None:
    (link,) = commands.invite(bundle.folder, 1)
    with commands.opened(bundle.folder) as study, running(study) as base:
        answer(base, link.removeprefix("http://127.0.0.1:8000"), 2)
        log = bundle.database.with_name("study.sqlite-wal")
        assert log.stat().st_size > 0
        wait_until(lambda: log.stat().st_size == 0)
        assert held(bundle.database, tmp_path / "copy.sqlite") == 2


def test_at_the_start_after_a_kill(bundle: Bundle, tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        study = open_study(bundle)
        annotators.invite(study.store, study.links, 5, 0.0)
        os._exit(0)  # as a kill does, it closes nothing
    os.waitpid(pid, 0)
    log = bundle.database.with_name("study.sqlite-wal")
    assert log.stat().st_size > 0
    study = open_study(bundle)
    assert log.stat().st_size == 0
    study.store.close()
    assert not log.exists()


def test_a_log_that_somebody_reads_waits(bundle: Bundle) -> None:
    study = open_study(bundle)
    annotators.invite(study.store, study.links, 1, 0.0)
    reader = sqlite3.connect(bundle.database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM annotator").fetchone()
    annotators.invite(study.store, study.links, 1, 0.0)
    began = time.monotonic()
    assert not settle(bundle.database, 0.0)
    assert time.monotonic() - began < 1.0
    reader.close()
    assert settle(bundle.database, 0.0)
    study.store.close()


def test_a_store_elsewhere_has_nothing_to_settle() -> None:
    Store("sqlite://").close()
