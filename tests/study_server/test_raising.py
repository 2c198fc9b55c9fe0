"""More ratings in a running study: a change of plan that is said everywhere."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmark.core.errors import BenchError
from benchmark.study.answers import plan_check
from study_server import raising
from study_server.backup import back_up
from study_server.bundle import load_bundle
from study_server.models import Event
from study_server.raising import raise_ratings, raises
from study_server.served import Served, open_study
from study_server.settings_file import read_settings
from study_server.study_settings import Settings

from .test_assignment import judge_all, newcomer


def test_more_ratings_open_places_and_change_the_plan(served: Served) -> None:
    path = served.bundle.folder / "study.toml"
    assert "is the one stored" in plan_check(served.bundle)
    other = read_settings(path).plan
    assert raise_ratings(served, 4, "  wider than\nplanned ") == 3
    text = path.read_text("utf-8")
    assert "ratings_per_item = 4  # raised from 3 on 2027-01-15: wider than planned\n" in text
    assert read_settings(path).plan == other | {"ratings_per_item": 4}
    with served.store.read() as db:
        said = [(one.kind, one.detail) for one in db.scalars(select(Event))]
    assert ("plan changed", "ratings_per_item from 3 to 4: wider than planned") in said
    assert not list(path.parent.glob(".study*"))
    served.store.close()
    again = open_study(load_bundle(served.bundle.folder), clock=served.clock)
    changed = plan_check(again.bundle)
    assert "CHANGED since the study was built: ratings_per_item from 3 to 4." in changed
    people = [judge_all(again, newcomer(again)) for _ in range(12)]
    assert sum(people) > 18 * 3  # 18 directions, 6 for each of twelve people: 72 ratings
    again.store.close()


def test_a_database_of_before_does_not_lose_why(served: Served, tmp_path: Path) -> None:
    back_up(served.bundle, served.store.url, tmp_path / "before.sqlite")
    raise_ratings(served, 4, "wider")
    raise_ratings(served, 5, "wider still")
    with served.store.read() as db:
        told = raises(db, served.bundle)
    assert [str(one) for one in told] == [
        "from 3 to 4 on 2027-01-15: wider", "from 4 to 5 on 2027-01-15: wider still"
    ]  # fmt: skip
    served.store.close()
    older = open_study(served.bundle, f"sqlite:///{tmp_path / 'before.sqlite'}", served.clock)
    with older.store.read() as db:
        assert raises(db, older.bundle) == told
    older.store.close()
    (served.bundle.folder / "private" / "raised.jsonl").write_text('{"before": 3}\n')
    with older.store.read() as db, pytest.raises(BenchError, match="names no raise of ratings"):
        raises(db, older.bundle)


@pytest.mark.parametrize(
    ("ratings", "reason", "message"),
    [
        (3, "why", "3 ratings of each item are no more than the 3 of the plan"),
        (2, "why", "no more than the 3"),
        (4, " \n", "give a reason"),
        (4, "x" * 501, "give a reason of 1 to 500 characters"),
    ],
)
def test_what_is_no_raise_is_refused_and_changes_nothing(
    served: Served, ratings: int, reason: str, message: str
) -> None:
    path = served.bundle.folder / "study.toml"
    before = path.read_bytes()
    with pytest.raises(BenchError, match=message):
        raise_ratings(served, ratings, reason)
    assert path.read_bytes() == before


def test_a_file_that_leaves_the_number_out_gets_the_line(served: Served) -> None:
    path = served.bundle.folder / "study.toml"
    path.write_text(path.read_text("utf-8").replace("ratings_per_item = 3\n", ""), "utf-8")
    assert raise_ratings(served, 7, "more") == 5
    assert read_settings(path).ratings_per_item == 7


def test_a_line_that_is_no_setting_is_not_taken_for_one(served: Served) -> None:
    path = served.bundle.folder / "study.toml"
    text = path.read_text("utf-8").replace("ratings_per_item = 3\n", "")
    path.write_text(text.replace("Taking part", "ratings_per_item = x"), "utf-8")
    before = path.read_bytes()
    odd = text.replace('en = "Taking', 'en = """\nratings_per_item = 9\nTaking')
    path.write_text(odd.replace('any time."', 'any time."""'), "utf-8")
    with pytest.raises(BenchError, match="cannot be changed by a program"):
        raise_ratings(served, 8, "more")
    assert before != path.read_bytes()
    assert read_settings(path).ratings_per_item == 5


def test_of_two_at_once_the_second_compares_with_the_first(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(path: Path) -> Settings:
        found = read_settings(path)
        time.sleep(0.3)
        return found

    def ask(_: int) -> object:
        try:
            return raise_ratings(served, 5, "wider than planned")
        except BenchError as error:
            return str(error)

    monkeypatch.setattr(raising, "read_settings", slowly)
    with ThreadPoolExecutor(2) as both:
        said = sorted(both.map(ask, range(2)), key=str)
    assert said[0] == 3
    assert "no more than the 5 of the plan" in str(said[1])
