"""The staff's sign-ins: by the password alone, and ended on the server for every copy."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from study_server.app import create_app
from study_server.models import StaffSession
from study_server.served import Served

from .conftest import Clock, Visitor, signed_in


def test_strangers_are_asked_for_the_password(app: Flask, visitor: Visitor) -> None:
    for path in ("/admin/", "/admin/items", "/admin/annotators"):
        assert visitor.get(path).request.path == "/admin/sign-in"
    visitor.get("/admin/sign-in")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin/") and "POST" in rule.methods and "sign" not in rule.rule:
            path = re.sub(r"<int.*?:\w+>", "0", rule.rule)
            path = re.sub(r"<any\('(\w+)'.*?:\w+>", r"\1", path)
            path = re.sub(r"<\w+>", "someone", path)
            assert "<" not in path, "a kind of part that this test does not know"
            page = visitor.post(path, state="closed", count="1", format="csv")
            assert page.request.path == "/admin/sign-in", rule.rule
    assert visitor.post(password="guess").status_code == 403


@pytest.mark.parametrize(("processes", "tries"), [(1, 10), (2, 5)])
def test_guessing_is_slowed_down(app: Flask, served: Served, processes: int, tries: int) -> None:
    """Ten tries per minute, however many processes count them."""
    visitor = Visitor(create_app(served, processes=processes).test_client())
    codes = []
    for _ in range(12):
        visitor.get("/admin/sign-in")
        codes.append(visitor.post("/admin/sign-in", password="guess").status_code)
    assert codes == [403] * tries + [429] * (12 - tries)


def test_a_sign_in_ends_by_itself(staff: Visitor, clock: Clock) -> None:
    clock.now += 12 * 3600 - 1
    assert staff.get("/admin/").request.path == "/admin/"
    clock.now += 1
    assert staff.get("/admin/").request.path == "/admin/sign-in"


def copied(app: Flask, served: Served, visitor: Visitor) -> Visitor:
    """Another browser that got hold of a visitor's cookie."""
    name = f"study-{served.bundle.study}"
    thief = Visitor(app.test_client())
    thief.client.set_cookie(name, visitor.client.get_cookie(name).value)
    return thief


def test_signing_out_ends_every_copy_of_the_cookie(
    app: Flask, served: Served, staff: Visitor
) -> None:
    thief, colleague = copied(app, served, staff), signed_in(app, served)
    assert thief.get("/admin/").request.path == "/admin/"
    other_process = create_app(served)
    beside = copied(other_process, served, staff)
    assert beside.get("/admin/").request.path == "/admin/"
    staff.get("/admin/")
    staff.post("/admin/sign-out")
    for visitor in (staff, thief, beside):
        assert visitor.get("/admin/").request.path == "/admin/sign-in"
        assert visitor.get("/admin/annotators").request.path == "/admin/sign-in"
    assert colleague.get("/admin/").request.path == "/admin/"


def test_signing_out_everywhere(app: Flask, served: Served, staff: Visitor) -> None:
    colleague = signed_in(app, served)
    page = staff.get("/admin/")
    assert page.text.count("this one:") == 1
    assert len(re.findall(r">2027-01-15 \d\d:00</td><td[^>]*>2027-", page.text)) == 2
    assert staff.post("/admin/sign-out-everywhere").request.path == "/admin/sign-in"
    for visitor in (staff, colleague):
        assert visitor.get("/admin/").request.path == "/admin/sign-in"
    again = signed_in(app, served)
    assert "this one:" in again.last.text


def test_another_password_ends_sign_ins(
    app: Flask, served: Served, staff: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_ADMIN_PASSWORD_HASH", generate_password_hash("another one"))
    assert staff.get("/admin/").request.path == "/admin/sign-in"
    assert staff.post(password="another one").request.path == "/admin/"


def test_what_is_kept_opens_nothing(served: Served, staff: Visitor) -> None:
    """Who reads the database cannot sign in with what stands there."""
    with served.store.read() as db:
        (row,) = db.scalars(select(StaffSession))
    with staff.client.session_transaction() as session:
        token = session["staff"]
        assert token not in (row.token_sha256, row.password_sha256)
        session["staff"] = row.token_sha256
    assert staff.get("/admin/").request.path == "/admin/sign-in"


def test_the_staff_s_pages_are_english_whatever_the_browser_reads(app: Flask) -> None:
    client, chinese = app.test_client(), {"Accept-Language": "zh-CN"}
    assert '<html lang="zh" dir="ltr">' in client.get("/", headers=chinese).text
    staff = client.get("/admin/", headers=chinese, follow_redirects=True).text
    assert '<html lang="en" dir="ltr">' in staff
    assert 'name="language"' not in staff
