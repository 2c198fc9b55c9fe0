"""A database in trouble: one line for the staff, an honest page for who takes part."""

import os
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from benchmark.core.errors import BenchError
from study_server import commands, databases
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.sentences import texts
from study_server.served import Served, open_study
from study_server.stopping import Stop
from study_server.store import Store
from study_server.trouble import advice, is_trouble
from tests.postgres import Postgres

from .conftest import Visitor, new_visitor
from .test_backup import judged

YES = {"consistent": "yes", "single": "yes", "category": "colour"}


def zeroed(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:8192] + bytes(4096) + data[12288:])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a zeroed page": zeroed,
    "cut in the middle": lambda file: os.truncate(file, 40_000),
    "cut to a page": lambda file: os.truncate(file, 8192),
    "cut to nothing": lambda file: os.truncate(file, 0),
    "no database": lambda file: file.write_text("no database" * 999),
    "gone but for its log": lambda file: file.rename(file.with_name("study.sqlite-wal")),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}
WRITERS: dict[str, Callable[[Bundle], object]] = {
    "serve": lambda bundle: commands.serve(bundle.folder, Stop(), port=0),
    "invite": lambda bundle: commands.invite(bundle.folder, 1),
    "close": lambda bundle: commands.close(bundle.folder),
    "simulate": lambda bundle: commands.simulate(bundle.folder, 1),
    "import": lambda bundle: commands.import_answers(bundle.folder, bundle.folder / "x.csv"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_at_the_start(
    bundle: Bundle, damage: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    judged(bundle, 3)
    commands.export(bundle.folder, bundle.folder / "x.csv")
    DAMAGES[damage](bundle.database)
    for name, write in WRITERS.items():
        with pytest.raises(BenchError) as caught:
            write(bundle)
        assert "\n" not in str(caught.value)
        assert "study.sqlite" in str(caught.value), name
    assert "restore STUDY FILE" in str(caught.value) or damage == "a folder"
    with pytest.raises(BenchError, match=r"study\.sqlite"):
        commands.export(bundle.folder, tmp_path / "x.csv")
    assert capfd.readouterr().err == ""


def fill_disk(study: Served) -> Callable[[], None]:
    """Let the disk have no room for another judgment; returns what makes room again."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 9}")

    def make_room() -> None:
        event.remove(study.store.engine, "connect", limit)
        study.store.engine.dispose()

    with closing(sqlite3.connect(study.bundle.database)) as database:
        database.execute("CREATE TABLE filler (data)")
        database.execute(
            "CREATE TRIGGER large AFTER INSERT ON judgment "
            "BEGIN INSERT INTO filler VALUES (zeroblob(99999)); END"
        )
    study.store.engine.dispose()
    event.listen(study.store.engine, "connect", limit)
    return make_room


def stored(study: Served) -> int:
    with study.store.read() as db:
        return db.execute(text("SELECT count(*) FROM judgment")).scalar_one()


def test_a_full_disk_acknowledges_nothing_and_the_page_keeps_the_answer(
    app: Flask, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    make_room = fill_disk(served)
    refused = someone.post(**YES, label="zoom")
    assert refused.status_code == 503
    assert stored(served) == 0
    assert refused.headers["Retry-After"] == "10"
    assert "not confirmed yet" in refused.text
    assert 'name="label" value="zoom"' in refused.text
    assert "disk is full: make room" in caplog.text
    assert "Traceback" not in caplog.text
    make_room()
    fields = dict(re.findall(r'name="([\w-]+)" value="([^"]*)"', refused.text))
    again = someone.client.post(refused.request.path, data=fields)
    assert again.status_code == 303
    assert stored(served) == 1
    someone.client.post(refused.request.path, data=fields)
    assert stored(served) == 1


@contextmanager
def broken(served: Served, error: Exception) -> Iterator[None]:
    """A database that fails as soon as it is asked."""

    def fail(*_: object) -> None:
        raise OperationalError("", None, error)

    event.listen(served.store.engine, "checkout", fail)
    try:
        yield
    finally:
        event.remove(served.store.engine, "checkout", fail)


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be reached"), ("zh", "无法连接")])
def test_an_honest_page_in_the_visitor_s_language(
    app: Flask, served: Served, visitor: Visitor, language: str, words: str
) -> None:
    image, strings = next(iter(served.bundle.images)), texts(language)
    with broken(served, sqlite3.OperationalError("disk I/O error")):
        reply = visitor.client.get("/study", headers={"Accept-Language": language})
        assert reply.status_code == 503
        assert words in reply.text
        assert reply.headers["Retry-After"] == "10"
        assert strings["error.503.title"] in reply.text
        for path in ("/static/style.css", "/task.css", f"/images/{image}"):
            assert visitor.client.get(path, buffered=True).status_code == 200
    assert visitor.get("/study").status_code == 200


def retried(reply: TestResponse) -> tuple[str, str, dict[str, str]]:
    """Method, address and fields of the form that a page in trouble sends by itself."""
    (form,) = re.findall(r"<form [^>]*data-retry[\s\S]*?</form>", reply.text)
    method, action = re.search(r'method="(\w+)" action="([^"]*)"', form).groups()
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
    assert 'data-retry="10"' in form
    return method, action, dict(fields)


def test_the_page_asks_again_for_what_was_asked(
    app: Flask, served: Served, visitor: Visitor
) -> None:
    opened = f"/open/{served.links.open()}"
    visitor.get("/study")
    with broken(served, sqlite3.OperationalError("disk I/O error")):
        arrived = visitor.client.get(opened, query_string={"PROLIFIC_PID": "5f7c1e0a", "x": "1&2"})
        assert retried(arrived) == ("get", opened, {"PROLIFIC_PID": "5f7c1e0a", "x": "1&amp;2"})
        agreed = visitor.post(choice="agree")
        assert agreed.status_code == 503
        assert retried(agreed) == ("get", "/study", {})
    assert visitor.get("/study").request.path == "/consent"


def test_a_writer_that_takes_too_long(bundle: Bundle) -> None:
    """A page says so after a few seconds; pictures do not wait, and others are told at once."""
    study = open_study(bundle, patience=0.3)
    app = create_app(study)
    someone = new_visitor(app, study)
    someone.begin()
    with closing(sqlite3.connect(bundle.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = someone.post(**YES)
        assert reply.status_code == 503
        other.execute("ROLLBACK")
    someone.get("/study")
    assert someone.post(**YES).status_code == 200
    study.store.close()


def test_a_fault_of_a_statement_is_no_trouble_of_the_database(served: Served) -> None:
    with served.store.read() as db:
        with pytest.raises(OperationalError, match="no such column") as caught:
            db.execute(text("SELECT nonsense FROM study"))
        assert not is_trouble(caught.value)
    assert not is_trouble(ValueError("nothing of the kind"))


# ------------------------------------------------------------ PostgreSQL


class Wire:
    """A way to a server's socket that can be held up, as a network does that swallows all."""

    def __init__(self, target: str):
        self.target, self.flows = target, threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with source, target:
            try:
                while data := source.recv(65536):
                    self.flows.wait()
                    target.sendall(data)
            except OSError:
                pass


def test_postgresql_connections_that_were_cut_fail_nobody(
    bundle: Bundle, postgres: Postgres
) -> None:
    study = open_study(bundle, postgres.new_database())
    app = create_app(study)
    people = [new_visitor(app, study) for _ in range(3)]
    for person in people:
        person.begin()
    for _ in range(2):
        cut_connections(postgres)
        time.sleep(databases.FRESH_SECONDS)
        assert [person.post(**YES).status_code for person in people] == [200] * 3
    study.store.close()


def test_a_postgresql_connection_in_use_is_not_asked_each_time(
    bundle: Bundle, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all are cut then, one person is told so and may try again; then all are asked."""
    study = open_study(bundle, postgres.new_database())
    app = create_app(study)
    someone = new_visitor(app, study)
    someone.begin()
    asked: list[object] = []
    dialect = study.store.engine.dialect
    ping = dialect.do_ping
    monkeypatch.setattr(dialect, "do_ping", lambda one: (asked.append(one), ping(one)))
    monkeypatch.setattr(databases, "FRESH_SECONDS", 60.0)  # however busy the machine is
    for look in [study.store.look() for _ in range(5)]:  # five connections
        look.begin()
        look.close()
    assert someone.post(**YES).status_code == 200
    assert not asked
    page = someone.last
    cut_connections(postgres)
    assert someone.post(**YES).status_code == 503
    for _ in range(5):
        someone.last = page
        assert someone.post(**YES).status_code == 200
    assert asked
    study.store.close()


def cut_connections(postgres: Postgres) -> None:
    """All of them, to every database."""
    postgres.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )


def test_postgresql_that_was_stopped_and_started_again(bundle: Bundle, postgres: Postgres) -> None:
    study = open_study(bundle, postgres.new_database())
    app = create_app(study)
    someone = new_visitor(app, study)
    someone.begin()
    postgres.stop()
    try:
        assert "Back in a moment" in app.test_client().get("/study").text
        refused = someone.post(**YES, label="zoom")
        assert refused.status_code == 503
        method, action, fields = retried(refused)
    finally:
        postgres.start()
    assert (method, fields["label"]) == ("post", "zoom")
    again = someone.client.post(action, data=fields)
    assert (again.status_code, again.location) == (303, "/items/1")
    assert stored(study) == 1
    study.store.close()


def test_postgresql_that_hangs_and_comes_back(bundle: Bundle, postgres: Postgres) -> None:
    url = postgres.new_database()
    wire = Wire(f"{postgres.place}/.s.PGSQL.5432")
    name = make_url(url).database
    through = f"postgresql+psycopg://study@127.0.0.1:{wire.port}/{name}"
    study = open_study(bundle, through, patience=0.5)
    app = create_app(study)
    someone = new_visitor(app, study)
    someone.begin()
    wire.flows.clear()
    replies: list[int] = []
    asking = [
        threading.Thread(target=lambda: replies.append(app.test_client().get("/study").status_code))
        for _ in range(12)
    ]
    began = time.monotonic()
    for thread in asking:
        thread.start()
    assert app.test_client().get("/static/style.css", buffered=True).status_code == 200
    for thread in asking:
        thread.join(timeout=30)
    assert replies == [503] * 12
    assert someone.post(**YES).status_code == 503
    assert time.monotonic() - began < 20
    wire.flows.set()
    study.store.engine.dispose()
    someone.get("/study")
    assert someone.post(**YES).status_code == 200
    study.store.close()
    wire.listener.close()


def test_postgresql_away_read_only_or_not_ours(bundle: Bundle, postgres: Postgres) -> None:
    url = postgres.new_database()
    name = make_url(url).database
    with pytest.raises(BenchError, match=r"bench study serve"):
        commands.status(bundle.folder, database=url)
    commands.invite(bundle.folder, 2, database=url)
    assert "2 invited" in commands.status(bundle.folder, database=url)["annotators by stage"]
    postgres.do("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader")
    reader = postgres.url(name, "reader")
    assert "2 invited" in commands.status(bundle.folder, database=reader)["annotators by stage"]
    with pytest.raises(BenchError, match="the role lacks a right"):
        commands.invite(bundle.folder, 1, database=reader)
    postgres.do(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    for write in (partial(commands.serve, stop=Stop()), commands.close):
        with pytest.raises(BenchError, match="may only read") as caught:
            write(bundle.folder, database=url)
        assert "\n" not in str(caught.value)
    assert commands.status(bundle.folder, database=url)["state"] == "open"
    with pytest.raises(BenchError, match="see that it runs") as caught:
        commands.invite(bundle.folder, 1, database=url.replace(str(postgres.place), "/nowhere"))
    assert "\n" not in str(caught.value)


def test_advice_never_shows_a_password() -> None:
    store = Store("postgresql+psycopg://study:secret@127.0.0.1:1/study", patience=0.1)
    with pytest.raises(OperationalError) as caught, store.engine.connect():
        pass
    assert is_trouble(caught.value)
    assert "secret" not in advice(caught.value, store.name)
    store.close()
