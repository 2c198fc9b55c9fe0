"""The staff see the study as a participant does, and leave no trace."""

import re

from flask import Flask

from study_server.preview import planned
from study_server.served import Served

from .conftest import QUIZ, Visitor

YES = {"consistent": "yes", "single": "yes", "category": "colour"}


def dump(served: Served) -> list[str]:
    """All that the database holds."""
    with served.store.read() as db:
        return list(db.connection().connection.driver_connection.iterdump())


def test_the_whole_way_is_shown_and_nothing_is_stored(staff: Visitor, served: Served) -> None:
    assert 'href="/admin/preview/"' in staff.get("/admin/").text
    before = dump(served)
    assert "Taking part is voluntary." in staff.get("/admin/preview/").text
    staff.post(choice="agree")
    assert "How it works" in staff.last.text
    staff.post()
    assert staff.last.request.path == "/admin/preview/quiz"
    wrong = staff.post("/admin/preview/quiz", **dict.fromkeys(QUIZ, "yes"))
    assert "Not right yet." in wrong.text
    staff.post("/admin/preview/quiz", **QUIZ)
    items = planned(served.bundle)
    for position in range(len(items)):
        path = f"/admin/preview/items/{position}"
        assert staff.last.request.path == path
        text = staff.last.text
        assert "Preview: nothing here is stored." in text
        shown = served.bundle.items[items[position]].shows[0].rows[0].strip
        assert shown in text
        own = set(re.findall(r'(?:href|action|data-sign)="(/(?!static|images)[^"]*)"', text))
        assert all(one.startswith(("/admin", "/task.css", "/language")) for one in own), own
        assert staff.post(path, consistent="yes").status_code == 422
        assert staff.client.post("/admin/preview/sign", data=csrf(text)).status_code == 204
        staff.post(path, **YES)
    assert staff.last.request.path == "/admin/preview/done"
    assert staff.get(f"/admin/preview/items/{len(items)}").status_code == 404
    assert dump(served) == before


def csrf(text: str) -> dict[str, str]:
    return {"csrf_token": re.search(r'name="csrf_token" value="(.*?)"', text)[1]}


def test_scripts_are_told_the_next_page(staff: Visitor) -> None:
    fields = {**YES, **csrf(staff.get("/admin/preview/items/0").text)}
    told = staff.client.post(
        "/admin/preview/items/0", data=fields, headers={"Accept": "application/json"}
    )
    assert told.json == {"next": "/admin/preview/items/1"}


def test_it_is_the_staff_s_alone(app: Flask) -> None:
    stranger = app.test_client()
    for path in ("", "instructions", "quiz", "items/0", "done"):
        answer = stranger.get(f"/admin/preview/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in")


def test_participants_get_no_part_of_a_preview(
    staff: Visitor, visitor: Visitor, served: Served
) -> None:
    staff.get("/admin/preview/items/0")
    staff.get("/admin/preview/items/1")
    visitor.begin()
    assert "preview" not in visitor.last.text.lower()
    visitor.post(consistent="no", single="no")
    assert visitor.last.request.path == "/items/1"
    assert 'href="/items/0"' in visitor.last.text
    assert "preview" not in visitor.last.text.lower()
    kinds = [served.bundle.checks[item_id] for item_id in planned(served.bundle)]
    assert {"good", "still", ""} == set(kinds)
