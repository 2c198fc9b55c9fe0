"""The staff's area: closed to others, and everything in it works."""

import html
import io
import re
import sqlite3
from types import SimpleNamespace

import pandas as pd
import pytest
from flask import Flask
from sqlalchemy import select

from study_server.annotators import invite
from study_server.models import Annotator, Event
from study_server.quality import Coverage, least_filled
from study_server.room import little_room
from study_server.screening import described
from study_server.served import Served
from study_server.tasks import Source

from .conftest import Visitor, new_visitor

PROLIFIC = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
YES = {"consistent": "yes", "single": "yes", "category": "colour"}


def take_part(app: Flask, served: Served, simulated: str = "", seconds: float = 0.0) -> None:
    someone = new_visitor(app, served, simulated)
    someone.begin()
    while someone.last.request.path.startswith("/items"):
        served.clock.now += seconds
        someone.post(**YES)


def test_pages_show_how_it_goes(app: Flask, served: Served, staff: Visitor) -> None:
    take_part(app, served, seconds=3)
    text = staff.get("/admin/").text
    assert "6 of 54" in text
    assert "from 1 annotators" in text
    assert "open again" not in text
    assert "undefined" in text
    assert "2 of" not in text.split("Checks")[0][-40:]
    assert "1 of 2" in text  # of both checks, the one that does not move was called a change
    assert "1 of 1" in text  # the hidden repeat was answered alike
    assert "discovered" in staff.get("/admin/items").text
    people = staff.get("/admin/annotators").text
    assert "finished" in people
    assert re.search(r'<td class="flag">(.*?)</td>', people).group(1) == ""
    assert described(served.bundle.settings.screening) in html.unescape(people)


def test_who_is_flagged_fills_no_place(app: Flask, served: Served, staff: Visitor) -> None:
    take_part(app, served)  # at once
    text = staff.get("/admin/").text
    assert "0 of 54" in text
    assert "<small>6 too fast (median_seconds)</small>" in text
    assert "6 places are open again" in text
    people = staff.get("/admin/annotators").text
    assert "median_seconds" in re.search(r'<td class="flag">(.*?)</td>', people).group(1)


def test_staff_exclude_and_take_back_with_a_reason(
    app: Flask, served: Served, staff: Visitor
) -> None:
    take_part(app, served, seconds=3)
    with served.store.read() as db:
        name = db.scalars(select(Annotator.public_id)).one()
    for reason, person in (("", name), ("a robot", "nobody")):
        staff.get("/admin/annotators")
        page = staff.post("/admin/annotators", person=person, reason=reason, excluded="yes")
        assert page.status_code == 422
        assert 'role="alert"' in page.text
    assert staff.post("/admin/annotators", excluded="maybe").status_code == 400
    staff.get("/admin/annotators")
    page = staff.post("/admin/annotators", person=name, reason="a <robot>", excluded="yes")
    assert page.request.path == "/admin/annotators"
    assert "a &lt;robot&gt;" in page.text
    assert "6 places are open again" in staff.get("/admin/").text
    assert "<small>6 excluded by the staff</small>" in staff.last.text
    staff.get("/admin/annotators")
    staff.post("/admin/annotators", person=name, reason="no robot", excluded="no")
    assert "taken back" in staff.last.text
    assert "6 of 54" in staff.get("/admin/").text
    with served.store.read() as db:
        assert list(db.scalars(select(Event.kind))) == ["excluded", "taken back"]


def test_simulated_annotators_stand_apart(app: Flask, served: Served, staff: Visitor) -> None:
    take_part(app, served, simulated="straight")
    assert "0 of 54" in staff.get("/admin/").text
    text = staff.get("/admin/?who=simulated").text
    assert "6 of 54" in text
    assert "No number on this page comes from a person" in text
    assert "straight" not in staff.get("/admin/annotators").text
    assert "straight" in staff.get("/admin/annotators?who=simulated").text


def test_pause_close_and_open(app: Flask, served: Served, staff: Visitor) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    for state, code in (("paused", 409), ("closed", 409), ("open", 200)):
        staff.get("/admin/")
        staff.post("/admin/state", state=state)
        assert staff.last.request.path == "/admin/"
        someone.last = someone.client.get("/items/0") if state == "open" else someone.last
        assert someone.post("/items/0", **YES).status_code == code
    with served.store.read() as db:
        assert list(db.scalars(select(Event.kind))) == ["paused", "closed", "open"]
    staff.get("/admin/")
    assert staff.post("/admin/state", state="nonsense").status_code == 400


def test_the_study_s_state_is_not_that_of_a_link_in_this_browser(
    served: Served, staff: Visitor
) -> None:
    (token,) = invite(served.store, served.links, 1, served.clock(), deadline=served.clock() + 60)
    assert staff.get(f"/join/{token}").request.path == "/consent"
    served.clock.now += 61
    assert staff.get("/study").request.path == "/consent"
    assert "<output" not in staff.last.text
    assert "<dt>State</dt><dd>open</dd>" in staff.get("/admin/").text


def test_the_link_to_paste_is_what_the_service_fills_in(served: Served, staff: Visitor) -> None:
    text = html.unescape(staff.get("/admin/").text)
    link = f"http://localhost/open/{served.links.open()}"
    assert f"{link}?{PROLIFIC}" in text
    assert "PROLIFIC_PID=…" not in text
    assert "workerId" not in text


def test_directions_stand_in_the_order_of_their_numbers() -> None:
    sources = [(Source("g", "m", direction),) for direction in (10, 9, 2)]
    rows = [Coverage(source, judged=0, leased=0) for source in sources]
    assert [row.sources[0].direction for row in sorted(rows, key=least_filled)] == [2, 9, 10]


def test_exports_and_the_backup_download(app: Flask, served: Served, staff: Visitor) -> None:
    take_part(app, served)
    readers = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda data: pd.read_json(data, lines=True),
    }
    for format, read in readers.items():
        staff.get("/admin/")
        answer = staff.post("/admin/export", format=format)
        assert f'filename="judgments.{format}"' in answer.headers["Content-Disposition"]
        assert len(read(io.BytesIO(answer.data))) == 9
    staff.get("/admin/")
    assert staff.post("/admin/export", format="xls").status_code == 400
    staff.get("/admin/")
    codes = pd.read_csv(io.BytesIO(staff.post("/admin/codes").data))
    assert codes["stage"].tolist() == ["finished"]
    staff.get("/admin/")
    data = staff.post("/admin/backup").data
    assert data.startswith(b"SQLite format 3")
    copy = served.bundle.folder / "copy.sqlite"
    copy.write_bytes(data)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM judgment").fetchone() == (9,)


def test_a_watched_page_comes_again_by_itself(staff: Visitor) -> None:
    for path in ("/admin/", "/admin/items", "/admin/annotators"):
        plain = staff.get(path)
        assert "Refresh" not in plain.headers
        assert f'href="{path}?watch=1"' in plain.text
        watched = staff.get(f"{path}?watch=1")
        assert watched.headers["Refresh"] == "30"
        assert 'href="/admin/items?watch=1"' in watched.text
        assert "Stop watching" in watched.text


def test_one_annotator_s_way_is_shown_in_order(
    staff: Visitor, visitor: Visitor, served: Served
) -> None:
    visitor.begin()
    visitor.post("/items/0", consistent="yes", single="yes", category="colour", label="<b>x</b>")
    visitor.post("/items/1", consistent="no", single="no")
    visitor.get("/items/0")
    visitor.post("/items/0", consistent="no", single="yes")
    with served.store.read() as db:
        name = db.scalars(select(Annotator.public_id)).one()
    assert f'href="/admin/annotators/{name}"' in staff.get("/admin/annotators").text
    text = staff.get(f"/admin/annotators/{name}").text
    rows = re.findall(r"<tr><td class=\"whole\">.*?</tr>", text, re.DOTALL)
    assert len(rows) == 3
    assert "&lt;b&gt;x&lt;/b&gt;" in rows[0]
    said = [re.findall(r"<td>(yes|no)</td>", row) for row in rows]
    assert said == [["yes", "yes"], ["no", "no"], ["no", "yes"]]
    assert staff.get("/admin/annotators/nobody").status_code == 404


def test_the_overview_says_when_there_is_little_room_for_answers(
    served: Served, staff: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "make room" not in staff.get("/admin/").text
    for free, words in {52_000_000: "52 MB are left on the disk", 10: "Nothing is left"}.items():
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("study_server.room.shutil.disk_usage", lambda _, usage=usage: usage)
        assert words in staff.get("/admin/").text
    assert little_room("postgresql+psycopg://study@127.0.0.1/study") == ""


def test_a_disk_that_says_nothing_fails_no_overview(
    staff: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError("stale handle")

    monkeypatch.setattr("study_server.room.shutil.disk_usage", fail)
    assert staff.get("/admin/").status_code == 200
    assert "make room" not in staff.last.text
