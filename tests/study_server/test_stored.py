"""What is stored is told from the schema, and numbers go on their day."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.bundle import Bundle
from study_server.models import Annotator, Base, Event
from study_server.retention import Keeper, drop_numbers
from study_server.sentences import LANGUAGES, texts
from study_server.served import Served
from study_server.settings_file import read_settings
from study_server.terms import stored

from .conftest import Clock, new_visitor
from .test_entrance import NUMBER, enter, people

NOBODY_S = {"study", "settings_version", "consent_text", "item", "screened", "staff_session"}


def test_every_column_says_what_of_a_person_it_holds_in_every_language() -> None:
    """A new column fails here until it says so: `told("key")` or `of_nobody()` in the models."""
    for name, table in Base.metadata.tables.items():
        for column in table.columns:
            assert "stored" in column.info, f"{name}.{column.name} does not say what it holds"
            key = column.info["stored"]
            if key == "":
                assert name in NOBODY_S or (name, column.name) == ("event", "id")
                assert not column.foreign_keys
                continue
            for language in LANGUAGES:
                assert texts(language)[f"stored.{key}"].strip(), f"{name}.{column.name}: {language}"
    known = {c.info["stored"] for t in Base.metadata.tables.values() for c in t.columns} - {""}
    said = {key.removeprefix("stored.") for key in texts("en") if key.startswith("stored.")}
    assert known == said  # and nothing is told that is not there


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_consent_page_lists_it(app: Flask, served: Served, language: str) -> None:
    someone = new_visitor(app, served)
    if language != "en":
        someone.post("/language", language=language, back="/consent")
    listed = stored(texts(language))
    assert len(listed) == len(set(listed)) >= 15
    assert all(f"<li>{one}</li>" in someone.last.text for one in listed)
    assert someone.last.request.path == "/consent"


def test_who_declines_sees_what_is_stored_of_them(app: Flask, served: Served) -> None:
    told = {key: texts("en")[f"stored.{key}"] for key in ("number", "source", "outside", "address")}
    invited, recruited = new_visitor(app, served), enter(app, served, **NUMBER)
    for someone, expected in (
        (invited, {"number", "source"}),
        (recruited, {"number", "source", "outside", "address"}),
    ):
        page = someone.post(choice="decline").text
        assert someone.last.request.path == "/declined"
        assert {key for key, text in told.items() if f"<li>{text}</li>" in page} == expected
        assert f"<li>{texts('en')['stored.times']}</li>" in page
        assert texts("en")["stored.answers"] not in page


@pytest.mark.parametrize("retention", ["2027-03-01", '"2027-03-01"'])
def test_the_day_is_read_and_told(bundle: Bundle, retention: str) -> None:
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[consent]", f"[consent]\nretention = {retention}"), "utf-8")
    settings = read_settings(path)
    assert settings.retention == "2027-03-01"
    for language in LANGUAGES:
        assert any("2027-03-01" in one for one in stored(texts(language), settings.retention))
    (outside,) = (one for one in stored(texts("zh"), settings.retention) if "2027-03-01" in one)
    assert "。它们将于 2027-03-01" in outside
    (outside,) = (one for one in stored(texts("en"), settings.retention) if "2027-03-01" in one)
    assert ". They are deleted on 2027-03-01." in outside


@pytest.mark.parametrize("wrong", ['"soon"', "2027-03-01T10:00:00", "3", "true", '"2027-02-30"'])
def test_no_other_day_is_read(bundle: Bundle, wrong: str) -> None:
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[consent]", f"[consent]\nretention = {wrong}"), "utf-8")
    with pytest.raises(BenchError, match=r"consent\.retention is a day such as 2030-12-31; it is"):
        read_settings(path)


def due(study: Served, day: str) -> Served:
    settings = replace(study.bundle.settings, retention=day)
    return replace(study, bundle=replace(study.bundle, settings=settings))


def test_numbers_are_dropped_on_their_day_and_answers_stay(
    app: Flask, served: Served, clock: Clock
) -> None:
    someone = enter(app, served, **NUMBER)
    someone.begin()
    study = due(served, "2027-01-16")  # the tests' clock stands at 2027-01-15 08:00 UTC
    assert drop_numbers(served) == drop_numbers(study) == 0
    clock.now += 16 * 3600 - 1
    assert drop_numbers(study) == 0
    clock.now += 1
    assert drop_numbers(study) == 1
    assert drop_numbers(study) == 0
    (me,) = people(served)
    assert (me.outside, me.outside_id, me.stage) == ("{}", None, "judging")
    with served.store.read() as db:
        noted = db.execute(select(Event.kind, Event.detail).order_by(Event.id.desc())).first()
    assert tuple(noted) == ("numbers dropped", "1")
    for path in served.bundle.database.parent.glob("study.sqlite*"):
        assert NUMBER["PROLIFIC_PID"].encode() not in path.read_bytes()
    enter(app, served, someone, **NUMBER)  # in the same browser they are still themselves
    assert someone.last.request.path.startswith("/items")
    assert len(people(served)) == 1


def test_a_site_that_runs_drops_them_by_itself(app: Flask, served: Served) -> None:
    enter(app, served, **NUMBER)
    keeper = Keeper(due(served, "2020-01-01"), every=0.01)
    keeper.start()
    gone = threading.Event()
    for _ in range(500):
        if people(served)[0].outside_id is None:
            gone.set()
            break
        gone.wait(0.02)
    keeper.stop()
    keeper.join(timeout=10)
    assert gone.is_set()


def test_a_command_that_works_with_the_study_drops_them(bundle: Bundle, tmp_path: Path) -> None:
    with commands.opened(bundle.folder) as study:
        study.store.write(
            lambda db: db.add(
                Annotator(
                    public_id="p",
                    source="open",
                    outside='{"A": "1"}',
                    outside_id="A:1",
                    seed=1,
                    created_at=0,
                    seen_at=0,
                )
            )
        )
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[consent]", "[consent]\nretention = 2020-01-01"), "utf-8")
    commands.invite(bundle.folder, 1)
    commands.codes(bundle.folder, tmp_path / "codes.csv")
    assert "1" not in [row.split(",")[0] for row in (tmp_path / "codes.csv").read_text().split()]
