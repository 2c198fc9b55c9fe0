"""Withdrawing: from every page, at any time; nothing of what was said is left, but a tombstone."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from pandas import isna
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from benchmark.core.errors import BenchError
from benchmark.study.answers import read_material
from benchmark.study.handover.package import write_package
from study_server import commands, counting, erasure, tombstones
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.erasure import erase_person, withdrawals
from study_server.export import judgments
from study_server.models import (
    Annotator,
    Assignment,
    ConsentText,
    Erasure,
    Item,
    Judgment,
    QuizTry,
)
from study_server.people import people_in
from study_server.quality import answers, coverage, persons
from study_server.served import Served, open_study, set_state

from .conftest import QUIZ, Visitor, new_visitor
from .test_entrance import NUMBER, enter, judge_all, people
from .test_site import YES

LINK = 'href="/withdraw"'
LABEL = "an-answer-that-nobody-else-gives"


def rows(study: Served, table: type) -> int:
    with study.store.read() as db:
        return db.execute(select(func.count()).select_from(table)).scalar_one()


def ratings(study: Served) -> int:
    with study.store.read() as db:
        return db.execute(select(func.sum(Item.ratings))).scalar_one()


def withdraw(visitor: Visitor) -> None:
    visitor.get("/withdraw")
    visitor.post("/withdraw")


def test_a_link_at_the_foot_of_every_page(app: Flask, served: Served) -> None:
    someone = enter(app, served, **NUMBER)
    assert someone.last.request.path == "/consent"
    pages = [someone.last, someone.post(choice="agree"), someone.post(), someone.get("/nowhere")]
    pages += [someone.get("/quiz"), someone.post("/quiz", **QUIZ)]
    while someone.last.request.path.startswith("/items"):
        pages.append(someone.post(**YES))
    assert pages[-1].request.path == "/done"
    for state in ("paused", "closed"):
        served.store.write(lambda db, state=state: set_state(db, state, 0))
        pages.append(someone.get("/study"))
    assert [page.request.path for page in pages if LINK not in page.text] == []
    assert LINK not in Visitor(app.test_client()).get("/").text  # of a stranger nothing is stored


def test_nothing_of_what_was_said_is_left(app: Flask, served: Served) -> None:
    someone, other = enter(app, served, **NUMBER), enter(app, served)
    someone.begin()
    someone.post(**YES, label=LABEL)
    someone.get("/items/0")
    someone.post(**YES, label=f"{LABEL}-2")
    other.begin()
    other.post(**YES)
    kept = judgments(served)["annotator"].tolist()[-1]
    page = someone.get("/withdraw")
    assert rows(served, Judgment) == 3  # to be asked changes nothing
    page = someone.post("/withdraw")
    assert page.request.path == "/withdrawn"
    assert "2 with all changes" in page.text
    me = people(served)[0]
    assert (me.stage, me.outside, me.outside_id, me.language) == ("withdrawn", "{}", None, "")
    assert not me.counts
    assert judgments(served)["annotator"].tolist() == [kept]
    for table in (Assignment, QuizTry):
        with served.store.read() as db:
            whose = set(db.scalars(select(table.annotator_id)))
        assert whose == {people(served)[1].id}
    with served.store.read() as db:
        stone = db.execute(select(Erasure)).scalar_one()
    assert (stone.who, stone.reason, stone.stage, stone.answers, stone.created_at) == (
        "participant",
        "",
        "judging",
        2,
        served.clock(),
    )
    served.store.settle()
    files = served.bundle.database.parent.glob("study.sqlite*")
    for data in (path.read_bytes() for path in files):
        assert LABEL.encode() not in data
        assert NUMBER["PROLIFIC_PID"].encode() not in data


def test_who_was_left_out_and_withdrew_is_counted_once(app: Flask, served: Served) -> None:
    """As in the analysis, where those whom the staff left out are some who judged."""
    for _ in range(2):
        enter(app, served).begin()
    first, second = (one.public_id for one in people(served))
    for name in (first, second):
        counting.exclude(served, name, "asleep")
    erase_person(served, second, "asked by mail")
    said = commands.status(served.bundle.folder)
    assert (said["withdrew"], said["excluded by the staff"]) == ("1", "1")


def test_places_open_again(app: Flask, served: Served) -> None:
    someone = enter(app, served)
    judge_all(someone)
    counting.finish_screening()
    served.store.write(lambda db: db.execute(update(Annotator).values(counts=True)))
    first = select(Assignment.item_id).where(Assignment.repeat == 0)
    filled = update(Item).where(Item.id.in_(first)).values(ratings=1)
    served.store.write(lambda db: db.execute(filled))
    assert ratings(served) == 8  # six directions and two checks
    withdraw(someone)
    assert ratings(served) == 0
    rows = coverage(served)
    assert sum(row.judged + row.leased + row.set_aside for row in rows) == 0
    assert counting.screen_now(served)
    assert not people(served)[0].counts  # so that they take nobody's place


def test_after_the_end_the_code_stays(app: Flask, served: Served, tmp_path: Path) -> None:
    someone = enter(app, served, **NUMBER)
    judge_all(someone)
    code = re.search(r"<output>(.+?)</output>", someone.last.text).group(1)
    withdraw(someone)
    assert f"<output>{code}</output>" in someone.last.text
    assert commands.write_codes(served, tmp_path / "codes.csv") == {"withdrawn": 1}
    text = (tmp_path / "codes.csv").read_text()
    assert NUMBER["PROLIFIC_PID"] not in text
    assert code in text
    with served.store.read() as db:
        gone = withdrawals(db)
        assert withdrawals(db, simulated=True).people == 0
        (row,) = people_in(db).to_dict("records")
    assert (gone.people, gone.ended, gone.staff, gone.answers) == (1, 1, 0, 9)
    assert isna(row["finished_at"])
    assert isna(row["minutes"])


def test_the_code_of_a_study_that_closed_stays_too(
    app: Flask, served: Served, tmp_path: Path
) -> None:
    """Who was still judging then is paid by it."""
    someone, other = enter(app, served, **NUMBER), enter(app, served)
    for one in (someone, other):
        one.begin()
        one.post(**YES)
    withdraw(other)
    assert "<output>" not in other.last.text  # who was under way was shown none
    served.store.write(lambda db: set_state(db, "closed", 0))
    code = re.search(r"<output>(.+?)</output>", someone.get("/study").text).group(1)
    withdraw(someone)
    assert f"<output>{code}</output>" in someone.last.text
    assert "<output>" not in other.get("/withdrawn").text
    commands.write_codes(served, tmp_path / "codes.csv")
    assert (tmp_path / "codes.csv").read_text().count(code) == 1


@pytest.mark.parametrize("state", ["open", "paused", "closed"])
def test_in_every_state_of_the_study(app: Flask, served: Served, state: str) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    someone.post(**YES)
    served.store.write(lambda db: set_state(db, state, 0))
    withdraw(someone)
    assert someone.last.request.path == "/withdrawn"
    assert rows(served, Judgment) == 0


def test_whatever_they_open_afterwards_is_a_kind_page(app: Flask, served: Served) -> None:
    """Tabs, drafts, the offline queue, old links: none of them fails, and none stores."""
    someone = enter(app, served, **NUMBER)
    tab = someone.begin()
    someone.post(**YES)
    later = someone.last
    withdraw(someone)
    token = served.links.personal(people(served)[0].public_id)
    for path in ("/study", "/items", "/items/0", "/consent", "/done", f"/join/{token}"):
        assert someone.get(path).request.path == "/withdrawn"
        assert "You have withdrawn" in someone.last.text
    for old in (tab, later):  # one answered already, one not
        someone.last = old
        assert someone.post(**YES).request.path == "/withdrawn"
        headers = {"Accept": "application/json"}  # as the queue of a browser sends it
        hidden = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', old.text))
        sent = someone.client.post(
            old.request.path, data=hidden | YES, headers=headers, follow_redirects=True
        )
        assert (sent.status_code, sent.request.path) == (200, "/withdrawn")
    someone.last = later
    assert someone.post("/items/sign").status_code == 200
    someone.last = later
    assert someone.post("/withdraw").request.path == "/withdrawn"  # a second time
    enter(app, served, someone, **NUMBER)  # the link of the service: its number is forgotten
    assert someone.last.request.path == "/withdrawn"
    assert rows(served, Judgment) == rows(served, Assignment) == 0
    assert rows(served, Annotator) == rows(served, Erasure) == 1


def test_an_answer_that_comes_at_the_same_moment(
    app: Flask, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its request began before the other's transaction, and stores after it."""
    someone = new_visitor(app, served)
    someone.begin()
    change, number = served.store.change, people(served)[0].id

    def erased_first(work: Callable) -> object:
        monkeypatch.undo()
        served.store.write(
            lambda db: erasure.erase(db, served.bundle, number, "participant", "", 0)
        )
        return change(work)

    monkeypatch.setattr(served.store, "change", erased_first)
    assert someone.post(**YES).request.path == "/withdrawn"
    assert rows(served, Judgment) == 0


def test_staff_erase_by_either_number_with_a_reason(app: Flask, served: Served) -> None:
    first, second = enter(app, served, **NUMBER), enter(app, served)
    for someone in (first, second):
        someone.begin()
        someone.post(**YES)
    name = people(served)[1].public_id
    for person, reason, words in (
        ("nobody", "asked by mail", "no annotator 'nobody', by public or by outside number"),
        (name, " ", "give a reason"),
    ):
        with pytest.raises(BenchError, match=words):
            erase_person(served, person, reason)
    assert erase_person(served, NUMBER["PROLIFIC_PID"], "asked by\nmail") == 1
    assert erase_person(served, name, "asked as well") == 1
    with pytest.raises(BenchError, match="withdrew already"):
        erase_person(served, name, "again")
    with pytest.raises(BenchError, match="withdrew; nothing of them is left"):
        counting.exclude(served, name, "asleep")
    with served.store.read() as db:
        stones = [tuple(row) for row in db.execute(select(Erasure.who, Erasure.reason))]
        assert str(withdrawals(db)).startswith("2 withdrew, 0 of them after the end, 2 of them by")
    assert stones == [("staff", "asked by mail"), ("staff", "asked as well")]
    assert first.get("/items/1").request.path == "/withdrawn"
    assert [one.counts for one in persons(served, answers(served))] == [True, True]


def test_the_database_itself_deletes_and_changes_no_other_answer(
    app: Flask, served: Served
) -> None:
    for _ in range(2):
        someone = enter(app, served)
        someone.begin()
        someone.post(**YES)
    withdraw(someone)
    for statement in (
        delete(Judgment),
        update(Judgment).values(answer="{}"),
        update(Judgment).values(repeat=1),
        delete(Erasure),
        update(Erasure).values(answers=0),
    ):
        with pytest.raises(IntegrityError, match="answers are only ever added"):
            served.store.write(lambda db, statement=statement: db.execute(statement))
    assert rows(served, Judgment) == rows(served, Erasure) == 1


def test_no_backup_brings_anybody_back(bundle: Bundle, tmp_path: Path) -> None:
    study = open_study(bundle)
    app = create_app(study)
    someone, other = enter(app, study, **NUMBER), enter(app, study)
    for one in (someone, other):
        one.begin()
        one.post(**YES, label=LABEL if one is someone else "")
    assert commands.backup(bundle.folder, tmp_path / "b.sqlite") == 2
    withdraw(someone)
    stone = erased(bundle.database)
    study.store.close()
    for lost in (False, True):  # the database of now, or none at all
        if lost:
            bundle.database.unlink()
        commands.restore(bundle.folder, tmp_path / "b.sqlite")
        assert erased(bundle.database) == stone  # with its moment
        with closing(sqlite3.connect(bundle.database)) as db:
            assert db.execute("SELECT count(*) FROM judgment").fetchone() == (1,)
        assert LABEL.encode() not in bundle.database.read_bytes()
        assert commands.status(bundle.folder)["withdrew"] == "1"
    path = bundle.folder / "private" / "erased.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    (line,) = path.read_text().splitlines()
    assert set(json.loads(line)) == {"annotator", "who", "reason", "at"}
    path.write_text('{"annotator": "x"}\n')
    with pytest.raises(BenchError, match="line 1 names nobody to erase"):
        commands.close(bundle.folder)


def test_an_older_copy_that_is_only_read_gives_nobody_s_answers(
    bundle: Bundle, tmp_path: Path
) -> None:
    study = open_study(bundle)
    someone = enter(create_app(study), study)
    someone.begin()
    someone.post(**YES)
    copy = tmp_path / "copy.sqlite"
    commands.backup(bundle.folder, copy)
    withdraw(someone)
    study.store.close()
    url = f"sqlite:///{copy}"
    for read in (
        lambda: commands.export(bundle.folder, tmp_path / "a.csv", database=url),
        lambda: read_material(bundle.folder, database=url),
        lambda: write_package(bundle.folder, tmp_path / "package", database=url),
        lambda: commands.status(bundle.folder, database=url),
        lambda: commands.codes(bundle.folder, tmp_path / "codes.csv", database=url),
    ):
        with pytest.raises(BenchError, match="holds answers of one person who withdrew"):
            read()
    commands.close(bundle.folder, database=url)  # as does every command that writes
    assert commands.export(bundle.folder, tmp_path / "a.csv", database=url) == 0


def erased(database: Path) -> list[tuple]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT annotator_id, who, reason, created_at FROM erasure").fetchall()


def test_the_consent_is_stored_as_it_was_shown(app: Flask, served: Served) -> None:
    someone = new_visitor(app, served)
    text = someone.last.text
    read = re.search(r'name="read" value="([0-9a-f]{64})"', text).group(1)
    page = someone.post(choice="agree", read="0" * 64)  # another text than that of now
    assert page.status_code == 409
    assert "has changed since" in page.text
    assert people(served)[0].stage == "invited"
    assert someone.post(choice="agree", read=read).request.path == "/instructions"
    with served.store.read() as db:
        kept = db.execute(select(ConsentText)).scalar_one()
    assert people(served)[0].consent_sha256 == kept.sha256 == read
    assert (kept.version, kept.language, kept.first_agreed_at) == ("3", "en", served.clock())
    shown = " ".join(re.sub(r"<[^>]*>", " ", text.split("<h1>")[1].split("<form")[0]).split())
    for part in re.split(r"\n+", kept.text):
        assert part.removeprefix("- ").replace("'", "&#39;") in shown
    assert "Taking part is voluntary." in kept.text
    new_visitor(app, served).post(choice="agree", read=read)
    assert rows(served, ConsentText) == 1


def test_a_list_that_cannot_be_written_stops_no_withdrawal_and_is_logged(
    app: Flask, served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise BenchError("cannot write the list; is the disk full?")

    monkeypatch.setattr("study_server.tombstones.write_text", full)
    someone = enter(app, served)
    withdraw(someone)
    assert someone.last.status_code == 200
    assert rows(served, Erasure) == 1
    tombstones.remember(served)
    assert "is the disk full?: a backup may bring back who withdrew" in caplog.text
