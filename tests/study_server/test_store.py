"""The database: settings, migrations, and databases that do not belong."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from benchmark.core.errors import BenchError
from study_server import schema
from study_server.backup import back_up
from study_server.bundle import Bundle, load_bundle
from study_server.databases import sqlite_url
from study_server.models import Annotator, Base, Item, Judgment, SettingsVersion
from study_server.served import Served, open_study
from study_server.store import Store, _Job
from study_server.trouble import Away

from .blobs import blob_bundle
from .forking_server import wait_until
from .test_assignment import judge, newcomer


def test_sqlite_is_set_up_for_safety(served: Served) -> None:
    with served.store.read() as db:
        settings = {
            name: db.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 3_000,  # a page waits no longer
    }


def test_migrations_give_exactly_the_models(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path / "x.sqlite"))
    store.migrate()
    store.migrate()  # a second time changes nothing
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    store.close()


def test_a_study_can_be_opened_again(bundle: Bundle) -> None:
    items = 3 * 3 * 2 + 2 * 2 + 2  # directions; of each generator two edits; two that stand still
    for _ in range(2):
        study = open_study(bundle)
        with study.store.read() as db:
            assert db.execute(select(func.count()).select_from(Item)).scalar_one() == items
            assert db.execute(select(func.count(SettingsVersion.sha256))).scalar_one() == 1
        study.store.close()


def test_every_version_of_the_settings_is_kept(bundle: Bundle) -> None:
    open_study(bundle).store.close()
    path = bundle.folder / "study.toml"
    path.write_text(path.read_text("utf-8").replace('version = "3"', 'version = "4"'), "utf-8")
    study = open_study(load_bundle(bundle.folder))
    with study.store.read() as db:
        texts = list(db.scalars(select(SettingsVersion.text)))
    study.store.close()
    assert sorted('version = "4"' in text for text in texts) == [False, True]


def test_the_database_of_another_study_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    study = open_study(bundle)
    newcomer(study)
    study.store.close()
    blob_bundle(tmp_path / "other", per_method=1, generators=("blobs-grey",))
    with pytest.raises(BenchError, match="give the database of this study"):
        open_study(load_bundle(tmp_path / "other"), sqlite_url(bundle.database))


def test_a_newer_schema_is_refused_and_left_alone(bundle: Bundle) -> None:
    open_study(bundle).store.close()
    with sqlite3.connect(bundle.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BenchError, match="newer"):
        open_study(bundle)
    with sqlite3.connect(bundle.database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_files_that_are_no_database_are_refused(bundle: Bundle) -> None:
    bundle.database.write_text("this is no database, whatever its name says" * 100)
    with pytest.raises(BenchError, match="no database, or damaged: put a backup"):
        open_study(bundle)


@pytest.mark.parametrize("url", ["nonsense", "nodialect://x/y", "postgresql+nodriver://u:pw@h/db"])
def test_bad_urls_are_named_without_their_password(bundle: Bundle, url: str) -> None:
    with pytest.raises(BenchError, match="cannot use the database") as caught:
        open_study(bundle, url)
    assert "pw" not in str(caught.value)


def test_a_changed_manifest_does_not_fit_its_database(bundle: Bundle) -> None:
    open_study(bundle).store.close()
    path = bundle.folder / "manifest.json"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(BenchError, match="changed after the study began"):
        open_study(load_bundle(bundle.folder))


def test_judgments_need_their_annotator_and_item(served: Served) -> None:
    def orphan(db) -> None:
        db.add(
            Judgment(
                annotator_id=999,
                item_id="x",
                repeat=0,
                revision=0,
                key="k",
                answer="{}",
                seconds=1,
                language="en",
                simulated=False,
                created_at=0,
            )
        )
        db.flush()

    with pytest.raises(IntegrityError):
        served.store.write(orphan)


def test_a_backup_made_while_people_answer_is_whole(served: Served, tmp_path: Path) -> None:
    someone = newcomer(served)
    judge(served, someone, 0)
    assert back_up(served.bundle, served.store.url, tmp_path / "copy.sqlite") == 1
    judge(served, someone, 1)
    with sqlite3.connect(tmp_path / "copy.sqlite") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM judgment").fetchone() == (1,)
    store = Store(sqlite_url(tmp_path / "copy.sqlite"))
    with store.read() as db:
        assert db.execute(select(func.count(Annotator.id))).scalar_one() == 1
    store.close()


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_its_owner_alone_reads_the_database(bundle: Bundle, mask: int) -> None:
    before = os.umask(mask)
    try:
        study = open_study(bundle)
        newcomer(study)
        files = {path.name: path for path in bundle.database.parent.glob("study.sqlite*")}
        assert set(files) == {"study.sqlite", "study.sqlite-wal", "study.sqlite-shm"}
        assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
        for path in files.values():
            path.chmod(0o664)
        open_study(bundle).store.engine.dispose()
        assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
        study.store.close()
    finally:
        os.umask(before)


def test_a_new_database_is_there_whole_or_not_at_all(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(schema.command, "upgrade", fail)
        with pytest.raises(BenchError, match="the power went"):
            open_study(bundle)
    assert {path.name for path in bundle.database.parent.iterdir()} == {
        "map.json",
        "password.txt",
        "secrets.json",
    }
    open_study(bundle).store.close()


@contextmanager
def held_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Whoever is to commit waits for another process until the event is set."""
    free = threading.Event()

    @contextmanager
    def held() -> Iterator[None]:
        assert free.wait(20)
        yield

    monkeypatch.setattr(store._writer, "held", held)
    try:
        yield free
    finally:
        free.set()


def test_who_waits_too_long_for_others_takes_back_what_nobody_began(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study(bundle, patience=0.1)
    with held_up(study.store, monkeypatch) as free:
        leader = threading.Thread(target=newcomer, args=(study,))
        leader.start()
        wait_until(lambda: study.store._led)
        with pytest.raises(Away):
            newcomer(study)
        free.set()
        leader.join(timeout=20)
    assert not leader.is_alive()
    with study.store.read() as db:
        assert db.execute(select(func.count(Annotator.id))).scalar_one() == 1  # the leader's
    study.store.close()


def test_writes_that_wait_together_are_one_commit_and_ask_for_the_lock_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, free, asked = served.store, threading.Event(), []

    @contextmanager
    def held() -> Iterator[None]:
        asked.append(True)
        assert free.wait(20)
        yield

    monkeypatch.setattr(store._writer, "held", held)
    writers = [threading.Thread(target=newcomer, args=(served,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(store._queue) == 3)
    free.set()
    for writer in writers:
        writer.join(timeout=20)
    assert len(asked) == 1
    with store.read() as db:
        assert db.execute(select(func.count(Annotator.id))).scalar_one() == 3


def test_trouble_with_one_write_is_told_to_all_that_wait_with_it(served: Served) -> None:
    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    done: list[str] = []
    jobs = [_Job(fail), _Job(lambda _: done.append("stored"))]
    with pytest.raises(sqlite3.OperationalError):
        served.store._commit(jobs)
    assert not done
    assert all(isinstance(job.error, sqlite3.OperationalError) for job in jobs)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_keeps_no_answers(bundle: Bundle, url: str) -> None:
    with pytest.raises(BenchError, match="name a file"):
        open_study(bundle, url)
