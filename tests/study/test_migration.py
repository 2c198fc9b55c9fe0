"""A database of revision 0002 is migrated: export and analysis stay the same to the last digit.

What was stored is read here by its old columns in plain SQL, with nothing of the present code.
"""

import csv
import io
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import IntegrityError

from benchmark.core.errors import BenchError
from benchmark.study.analyse import analyse, analyse_study
from study_server import commands, counting, erasure, leases, store
from study_server.bundle import Bundle, load_bundle
from study_server.databases import sqlite_url
from study_server.models import Judgment
from study_server.store import Store
from tests.study_server.blobs import blob_bundle
from tests.study_server.test_assignment import judge_all, newcomer

from .conftest import ROLES, gather
from .test_analyse import assert_same

WORDS = ["", "zoom", "Zoom ", '=1+1, "ein Zitat"', "'=x", "it's", "中文 é", "😀", "nan", '{"a": 1}']
OWN = ["like, rain", "-x", "雨", 'say "no"']
OLD = ("consistent", "single", "category", "label")
FIRST = 1000  # annotators of its own count from here, out of the way of new ones
START = 1_700_000_000.1234567


@dataclass(frozen=True)
class Old:
    """A study whose answers lie in a database of revision 0002."""

    bundle: Bundle
    url: str

    def rows(self, query: str) -> list[tuple]:
        engine = create_engine(self.url)
        with engine.connect() as db:
            found = [tuple(row) for row in db.execute(text(query))]
        engine.dispose()
        return found

    def move(self, revision: str) -> None:
        """Up or down to a revision, as Alembic does."""
        with closing(Store(self.url)) as database, _writing(database) as connection:
            go = command.upgrade if revision > "0002" else command.downgrade
            go(_alembic(connection), revision)
            connection.commit()


def _writing(database: Store) -> Connection:
    return database.engine.connect().execution_options(write=True)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migration") / "study"
    blob_bundle(folder, per_method=6)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Old]:
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "old.sqlite")
    else:
        url = request.getfixturevalue("postgres").new_database()
    study = Old(load_bundle(folder), url)
    fill(study)
    yield study
    (folder / "private" / "erased.jsonl").unlink(missing_ok=True)


def fill(study: Old) -> None:
    """Ten people and three bots judge every item, some twice; every seventh answer is changed."""
    with closing(Store(study.url)) as database, _writing(database) as connection:
        command.upgrade(_alembic(connection), "0002")
        for table, rows in contents(study.bundle).items():
            names = ", ".join(rows[0])
            marks = ", ".join(f":{name}" for name in rows[0])
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), rows)
        connection.commit()


def contents(bundle: Bundle) -> dict[str, list[dict]]:
    rng = random.Random(0)
    annotators, judgments, tries = [], [], []
    for person in range(1, 14):
        simulated = person > 10
        annotators.append(
            {
                "id": FIRST + person,
                "public_id": f"p{person:02d}",
                "source": "invite",
                "outside": "{}",
                "simulated": "careful" if simulated else "",
                "seed": person,
                "language": "en",
                "stage": "finished",
                "consent_version": "1",
                "settings_sha256": "",
                "completion_code": "",
                "created_at": START,
                "seen_at": START,
            }
        )
        said = "[[true, true], [false, false], [true, false]]"
        tries.append(
            {
                "annotator_id": FIRST + person,
                "number": 0,
                "answers": said,
                "passed": True,
                "created_at": START,
            }
        )
        items = sorted(bundle.items, key=lambda key: str(bundle.sources[key]))  # ids are random
        rng.shuffle(items)
        shown = [(item, 0) for item in items] + [(item, 1) for item in items[:8]]
        for number, (item, repeat) in enumerate(shown):
            for revision in range(1 + (number % 7 == 3)):
                judgments.append(
                    {
                        "annotator_id": FIRST + person,
                        "item_id": item,
                        "repeat": repeat,
                        "revision": revision,
                        "key": f"{person}-{number}-{revision}",
                        **answer(bundle, item, rng, careless=person == 10),
                        "seconds": round(rng.uniform(1, 20), 3),
                        "language": rng.choice(["en", "zh"]),
                        "simulated": simulated,
                        "created_at": START + 60 * len(judgments),
                    }
                )
    study = {"id": bundle.study, "bundle_sha256": bundle.sha256, "state": "open"}
    return {
        "study": [study | {"created_at": START}],
        "item": [{"id": key, "kind": bundle.checks[key] or "direction"} for key in bundle.items],
        "annotator": annotators,
        "quiz_try": tries,
        "judgment": sorted(judgments, key=lambda row: row["created_at"]),
    }


def answer(bundle: Bundle, item: str, rng: random.Random, careless: bool) -> dict:
    (source,) = bundle.sources[item]
    share = {"good": 0.95, "still": 0.05}.get(
        source.check, {"discovered": 0.8, "random": 0.3, "coordinate": 0.4}.get(source.method, 0)
    )
    clear = rng.random() < (0.5 if careless else share)
    consistent, single = (True, True) if clear else rng.choice([(True, False), (False, False)])
    category = rng.choice(["geometry", "colour", "texture", *OWN]) if clear else ""
    label = rng.choice(WORDS).strip() if clear else ""
    return dict(zip(OLD, (consistent, single, category, label), strict=True))


def before(study: Old) -> pd.DataFrame:
    """Every revision by the old columns, as exports have always held them."""
    rows = study.rows(
        "SELECT j.item_id, a.public_id, j.consistent, j.single, j.category, j.label, j.repeat, "
        "j.revision, j.seconds, j.simulated, j.language, j.created_at "
        "FROM judgment j JOIN annotator a ON a.id = j.annotator_id ORDER BY j.id"
    )
    records = []
    for item, who, consistent, single, category, label, repeat, revision, *last in rows:
        (source,) = study.bundle.sources[item]
        seconds, simulated, language, created_at = last
        records.append(
            {
                "generator": source.generator,
                "method": source.method,
                "direction": source.direction,
                "annotator": who,
                "consistent": bool(consistent),
                "single": bool(single),
                "mos": int(consistent and single),
                "category": category or None,
                "label": label or None,
                "repeat": repeat,
                "revision": revision,
                "seconds": seconds,
                "check": source.check or None,
                "simulated": bool(simulated),
                "language": language,
                "created_at": pd.Timestamp(created_at, unit="s", tz="UTC").round("us"),
                "study": study.bundle.study,
                "excluded": None,  # as in every study from before the staff could
                "excluded_at": pd.NaT,
            }
        )
    return pd.DataFrame(records)


def as_csv(frame: pd.DataFrame) -> str:
    """Comma-separated, formulas defused."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    for record in frame.astype(object).itertuples(index=False):
        cells = []
        for name, value in zip(frame.columns, record, strict=True):
            said = "" if value is None or value != value else str(value)
            if name in ("category", "label") and said.lstrip("'")[:1] in ("=", "+", "-", "@"):
                said = f"'{said}"
            cells.append(said)
        writer.writerow(cells)
    return out.getvalue()


def test_export_and_analysis_are_the_same_before_and_after(
    old: Old, folder: Path, tmp_path: Path
) -> None:
    frame = before(old)
    assert (frame["revision"] == 1).sum() > 50
    assert set(OWN) <= set(frame["category"])
    assert frame["label"].str.contains('"').any()
    if old.url.startswith("sqlite"):  # an older file is read as it is, in a copy
        stored = Path(make_url(old.url).database).read_bytes()
        assert commands.export(folder, tmp_path / "x.csv", "csv", old.url) == len(frame)
        assert Path(make_url(old.url).database).read_bytes() == stored
    else:  # and a server's only once it is migrated
        with pytest.raises(BenchError, match="`bench study serve` brings it to this one"):
            commands.export(folder, tmp_path / "x.csv", "csv", old.url)
        with commands.opened(folder, old.url):
            pass
        assert commands.export(folder, tmp_path / "x.csv", "csv", old.url) == len(frame)
    assert (tmp_path / "x.csv").read_text("utf-8") == as_csv(frame)
    showing = ["generator", "method", "direction", "annotator", "repeat"]
    settings = old.bundle.settings
    for simulated in (False, True):
        latest = frame[frame["simulated"] == simulated].groupby(showing, sort=False).tail(1)
        own = ~latest["category"].isin(settings.categories) & latest["category"].notna()
        after = analyse_study(folder, simulated=simulated, database=old.url, roles=ROLES)
        expected = gather(
            latest.assign(category=latest["category"].mask(own, "other")),
            simulated=simulated,
            shown=old.bundle.kinds["direction"],
            settings=settings,
            study=old.bundle.study,
            plan=after.plan,
        )
        # Of people there is more than their answers, which are all that is known here.
        answered = tuple(table for table in after.tables if table.name != "participants")
        assert len(answered) == len(after.tables) - 1
        assert_same(analyse(expected), replace(after, tables=answered))
        assert after.table("mos_methods").frame["mos"].nunique() > 2
    assert "p10" in analyse_study(folder, database=old.url).screening


def test_the_schema_is_that_of_the_models_and_takes_answers(old: Old, folder: Path) -> None:
    held = len(before(old))
    with commands.opened(folder, old.url) as study:
        columns = {column.name: column for column in Judgment.__table__.columns}
        with study.store.engine.connect() as db:
            from alembic.autogenerate import compare_metadata
            from alembic.migration import MigrationContext

            from study_server.models import Base

            assert compare_metadata(MigrationContext.configure(db), Base.metadata) == []
        assert not columns["answer"].nullable
        someone = newcomer(study)
        count = judge_all(study, someone)
        assert count > 0
        settings = study.bundle.settings
        study.store.write(lambda db: leases.sign(db.connection(), someone, settings, 1.0))
        counting.exclude(study, "p01", "a robot")
        assert counting.screen_now(study)
        for statement in ("DELETE FROM judgment", "UPDATE judgment SET answer = '{}'"):
            with pytest.raises(IntegrityError, match="only ever added"):
                study.store.write(lambda db, said=statement: db.execute(text(said)))
        gone = erasure.erase_person(study, "p02", "asked by mail")
        assert gone > 0
        with pytest.raises(IntegrityError, match="only ever added"):
            study.store.write(lambda db: db.execute(text("DELETE FROM erasure")))
    assert old.rows("SELECT count(*) FROM judgment") == [(held + count - gone,)]
    assert old.rows("SELECT who, reason, answers FROM erasure") == [
        ("staff", "asked by mail", gone)
    ]
    tries = old.rows("SELECT DISTINCT answers FROM quiz_try")
    assert tries == [
        (
            '[{"consistent": true, "single": true}, {"consistent": false, "single": false}, '
            '{"consistent": true, "single": false}]',
        )
    ]


def test_back_to_the_old_columns_and_forth_again(old: Old, folder: Path) -> None:
    tables = ("judgment", "quiz_try", "annotator", "item")
    first = before(old), [sorted(old.rows(f"SELECT * FROM {name}")) for name in tables[1:]]
    old.move("0003")
    answers = old.rows("SELECT id, answer FROM judgment ORDER BY id")
    old.move("0002")
    pd.testing.assert_frame_equal(before(old), first[0], check_exact=True)
    assert [sorted(old.rows(f"SELECT * FROM {name}")) for name in tables[1:]] == first[1]
    old.move("0003")
    assert old.rows("SELECT id, answer FROM judgment ORDER BY id") == answers


def test_back_to_where_nobody_could_withdraw(old: Old, folder: Path) -> None:
    with commands.opened(folder, old.url) as study:
        erasure.erase_person(study, "p02", "asked by mail")
    with closing(Store(old.url)) as database, _writing(database) as connection:
        command.downgrade(_alembic(connection), "0005")
        connection.commit()
    stage = "SELECT stage FROM annotator WHERE public_id = 'p02'"
    assert old.rows(stage) == [("declined",)]  # which earlier versions know
    old.move("0006")
    assert old.rows("SELECT count(*) FROM erasure") == [(0,)]
    with commands.opened(folder, old.url):
        assert old.rows(stage) == [("withdrawn",)]  # the list beside the database knows it still


def test_answers_to_other_questions_stay_where_they_are(old: Old) -> None:
    old.move("0003")
    database = Store(old.url)
    strange = '{"which": "a"}'
    database.write(
        lambda db: db.execute(
            text("UPDATE judgment SET answer = :answer WHERE id = 7"), {"answer": strange}
        )
    )
    database.close()
    with pytest.raises(BenchError, match="no place for answers to other questions"):
        old.move("0002")
    assert old.rows("SELECT answer FROM judgment WHERE id = 7") == [(strange,)]
    assert old.rows("SELECT version_num FROM alembic_version") == [("0003",)]
