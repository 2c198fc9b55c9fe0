"""Backups and their way back; and commands that read leave no trace."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from benchmark.core.errors import BenchError
from benchmark.study.answers import read_material
from study_server import annotators, commands
from study_server.app import create_app
from study_server.backup import back_up
from study_server.bundle import Bundle, load_bundle
from study_server.databases import sqlite_url
from study_server.export import judgments
from study_server.models import Event
from study_server.served import Served, open_study
from study_server.snapshot import copy_of
from study_server.stopping import Stop

from .blobs import blob_bundle
from .conftest import new_visitor
from .test_assignment import judge, newcomer

YES = {"consistent": "yes", "single": "yes", "category": "colour"}
POSTGRES = "postgresql+psycopg://study:secret@nowhere.example/study"


def judged(bundle: Bundle, count: int) -> None:
    """Let somebody judge `count` items."""
    study = open_study(bundle)
    someone = newcomer(study)
    for position in range(count):
        judge(study, someone, position)
    study.store.close()


def count(file: Path) -> int:
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as database:
        return database.execute("SELECT count(*) FROM judgment").fetchone()[0]


def answers(folder: Path) -> int:
    """How many answers a command that reads finds."""
    with commands.looked_at(folder) as study:
        return len(judgments(study))


def trace(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All that a folder holds; of the index of a log only that it is there."""
    found = {p: p.stat() for p in sorted(folder.rglob("*"))}
    return {
        str(p): (s.st_mtime_ns, p.read_bytes() if p.is_file() else b"")
        for p, s in found.items()
        if not p.name.endswith("-shm")
    } | {str(p): (0, b"") for p in found if p.name.endswith("-shm")}


def test_a_backup_goes_back(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 2)
    backup = tmp_path / "b.sqlite"
    assert commands.backup(bundle.folder, backup) == 2
    assert backup.stat().st_mode & 0o777 == 0o600
    judged(bundle, 3)
    number, former = commands.restore(bundle.folder, backup)
    assert number == count(bundle.database) == 2
    assert former is not None
    assert count(former) == 5  # kept, under a name with the date
    assert former.name.startswith("study.sqlite.2")
    with commands.looked_at(bundle.folder) as study, study.store.read() as db:
        assert list(db.scalars(select(Event.kind)))[-1] == "restored"
    left = {path.name for path in bundle.database.parent.iterdir()}
    assert left == {"map.json", "secrets.json", "password.txt", "study.sqlite", former.name}
    assert bundle.database.stat().st_mode & 0o777 == 0o600


def test_who_was_further_than_the_backup_goes_on_kindly(bundle: Bundle, tmp_path: Path) -> None:
    """A page that shows an item which the restored state does not know, and a link that is younger
    than the backup."""
    study = open_study(bundle)
    app = create_app(study)
    someone = new_visitor(app, study)
    someone.begin()
    someone.post(**YES)
    study.store.close()
    commands.backup(bundle.folder, tmp_path / "b.sqlite")
    study = open_study(bundle)
    someone.client = as_before(someone.client, create_app(study))
    someone.get("/study")
    shown = someone.post(**YES)
    assert shown.request.path == "/items/2"
    (latecomer,) = annotators.invite(study.store, study.links, 1, study.clock())
    study.store.close()
    commands.restore(bundle.folder, tmp_path / "b.sqlite")
    study = open_study(bundle)
    app = create_app(study)
    someone.client = as_before(someone.client, app)
    someone.last = shown
    answered = someone.post(**YES)
    assert answered.status_code == 200
    assert answered.request.path == "/items/1"  # the one that the restored state waits for
    assert "back to an earlier state" in answered.text
    assert someone.post(**YES).request.path == "/items/2"
    stranger = app.test_client().get(f"/join/{latecomer}", follow_redirects=True)
    assert stranger.status_code == 403
    assert "does not know this link" in stranger.text
    study.store.close()


def as_before(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser, at the site that was started again."""
    again = app.test_client()
    for cookie in client._cookies.values():
        again.set_cookie(cookie.key, cookie.value, path=cookie.path)
    return again


def test_a_lost_and_a_damaged_database_are_replaced(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 2)
    commands.backup(bundle.folder, tmp_path / "b.sqlite")
    bundle.database.unlink()
    assert commands.restore(bundle.folder, tmp_path / "b.sqlite") == (2, None)
    for damage in (b"", b"no database" * 999):
        bundle.database.write_bytes(damage)
        number, former = commands.restore(bundle.folder, tmp_path / "b.sqlite")
        assert former is not None
        assert (number, former.read_bytes()) == (2, damage)
        former.unlink()
        assert commands.status(bundle.folder)["state"] == "open"


def test_the_log_of_the_former_database_is_not_read_as_the_new_one_s(
    bundle: Bundle, tmp_path: Path
) -> None:
    judged(bundle, 2)
    commands.backup(bundle.folder, tmp_path / "b.sqlite")
    killed(bundle, lambda study: judge_once(study))
    bundle.database.write_bytes(b"damaged" * 999)
    _, former = commands.restore(bundle.folder, tmp_path / "b.sqlite")
    assert former is not None
    assert former.with_name(f"{former.name}-wal").stat().st_size > 0
    assert count(bundle.database) == 2


def judge_once(study: Served) -> None:
    judge(study, newcomer(study), 0)


def killed(bundle: Bundle, work: Callable[[Served], object]) -> None:
    """Do some work in a process that then closes nothing: what it stored is in the log alone."""
    pid = os.fork()
    if pid == 0:
        work(open_study(bundle))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_nothing_is_overwritten(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 1)
    (tmp_path / "b.sqlite").write_text("precious")
    with pytest.raises(BenchError, match="exists already; give another name"):
        commands.backup(bundle.folder, tmp_path / "b.sqlite")
    assert (tmp_path / "b.sqlite").read_text() == "precious"
    with pytest.raises(BenchError, match="cannot write"):
        commands.backup(bundle.folder, tmp_path / "no" / "b.sqlite")


def test_what_is_no_backup_of_this_study_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 1)
    before = trace(bundle.folder)
    other = tmp_path / "other"
    blob_bundle(other, per_method=1, generators=("blobs-grey",))
    judged(load_bundle(other), 1)
    commands.backup(bundle.folder, tmp_path / "b.sqlite")
    data = (tmp_path / "b.sqlite").read_bytes()
    (tmp_path / "cut.sqlite").write_bytes(data[: len(data) // 2])
    (tmp_path / "page.sqlite").write_bytes(data[:8192] + bytes(4096) + data[12288:])
    (tmp_path / "text.sqlite").write_text("text" * 4096)
    (tmp_path / "empty.sqlite").touch()
    with closing(sqlite3.connect(tmp_path / "foreign.sqlite")) as foreign:
        foreign.execute("CREATE TABLE cats (name)")
    wrong = {
        other / "private" / "study.sqlite": "holds study",
        tmp_path / "cut.sqlite": "damaged|malformed",
        tmp_path / "page.sqlite": "damaged|malformed",
        tmp_path / "text.sqlite": "no database",
        tmp_path / "empty.sqlite": "empty or of another program",
        tmp_path / "foreign.sqlite": "empty or of another program",
        tmp_path / "none.sqlite": "there is no",
        bundle.database: "the database itself",
    }
    for file, words in wrong.items():
        with pytest.raises(BenchError, match=words) as caught:
            commands.restore(bundle.folder, file)
        assert "\n" not in str(caught.value)
    after = trace(bundle.folder)  # of folders it shows that something was there for a moment
    assert {name: held for name, (_, held) in after.items()} == {
        name: held for name, (_, held) in before.items()
    }


def test_not_while_the_site_works_with_it(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 1)
    commands.backup(bundle.folder, tmp_path / "b.sqlite")
    with commands.opened(bundle.folder):
        with pytest.raises(BenchError, match="stop it first"):
            commands.restore(bundle.folder, tmp_path / "b.sqlite")
        assert commands.backup(bundle.folder, tmp_path / "c.sqlite") == 1  # that it allows
    commands.restore(bundle.folder, tmp_path / "b.sqlite")


def test_a_damaged_database_is_not_backed_up(bundle: Bundle, tmp_path: Path) -> None:
    judged(bundle, 1)
    data = bundle.database.read_bytes()
    bundle.database.write_bytes(data[:8192] + bytes(4096) + data[12288:])
    with pytest.raises(BenchError, match=r"damaged|malformed"):
        commands.backup(bundle.folder, tmp_path / "b.sqlite")
    assert list(tmp_path.glob("*b.sqlite*")) == []


def test_other_databases_have_their_own_tools(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="pg_dump") as caught:
        commands.backup(bundle.folder, tmp_path / "b", POSTGRES)
    assert "secret" not in str(caught.value)
    with pytest.raises(BenchError, match="pg_restore"):
        commands.restore(bundle.folder, tmp_path / "b", POSTGRES)


READERS: dict[str, Callable[[Bundle, Path], object]] = {
    "status": lambda bundle, to: commands.status(bundle.folder),
    "export": lambda bundle, to: commands.export(bundle.folder, to / "x.csv"),
    "backup": lambda bundle, to: commands.backup(bundle.folder, to / "x.sqlite"),
    "analyse, label": lambda bundle, to: read_material(bundle.folder),
}


@pytest.mark.parametrize("command", READERS)
def test_who_reads_leaves_no_trace(bundle: Bundle, tmp_path: Path, command: str) -> None:
    def check() -> None:
        before = trace(bundle.folder)
        READERS[command](bundle, to)
        assert trace(bundle.folder) == before
        shutil.rmtree(to)
        to.mkdir()

    to = tmp_path / "to"
    to.mkdir()
    judged(bundle, 2)
    check()  # at rest
    killed(bundle, judge_once)
    assert bundle.database.with_name("study.sqlite-wal").stat().st_size > 0
    check()  # after a kill
    bundle.database.with_name("study.sqlite-shm").unlink()
    check()  # copied from elsewhere after a kill
    with commands.opened(bundle.folder) as study:
        judge_once(study)
        check()  # while the site works
        assert answers(bundle.folder) == 4


def test_a_study_that_nobody_opened_is_read_as_an_empty_one(bundle: Bundle, tmp_path: Path) -> None:
    assert commands.status(bundle.folder)["ratings"] == "0 of 54"
    assert commands.export(bundle.folder, tmp_path / "x.csv") == 0
    assert not bundle.database.exists()
    with pytest.raises(BenchError, match="there is no database"):  # a name given, and a wrong one
        commands.status(bundle.folder, database=sqlite_url(tmp_path / "mistyped.sqlite"))
    assert not (tmp_path / "mistyped.sqlite").exists()


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Without any right to write into `folder`."""
    paths = [folder, *folder.rglob("*")]
    before = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in before.items():
            path.chmod(mode)


@pytest.fixture
def open_bundle(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """A bundle in a place that every user can reach."""
    place = Path(f"/tmp/study-{os.getpid()}")
    shutil.copytree(bundle.folder, place / "study")
    yield load_bundle(place / "study")
    shutil.rmtree(place)


def test_without_the_right_to_write(open_bundle: Bundle, tmp_path: Path) -> None:
    judged(open_bundle, 2)
    folder = open_bundle.folder
    with as_nobody(folder):
        assert answers(folder) == 2
        assert len(read_material(folder).judgments) == 2
        for write in (
            lambda: commands.invite(folder, 1),
            lambda: commands.close(folder),
            lambda: commands.serve(folder, Stop(), port=0),
        ):
            with pytest.raises(BenchError, match="it is read-only: let this user write") as caught:
                write()
            assert "\n" not in str(caught.value)
    killed(open_bundle, judge_once)
    with as_nobody(folder):
        assert answers(folder) == 3


def test_a_copy_is_one_state(served: Served, tmp_path: Path) -> None:
    judge_once(served)
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy_of(served.bundle.database, copy) == 1
    assert back_up(served.bundle, served.store.url, tmp_path / "b.sqlite") == 1
