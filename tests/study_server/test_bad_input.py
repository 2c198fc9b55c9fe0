"""Bad input: a clear answer, the right status code, nothing lost, no traceback."""

import re

import pytest
from flask import Flask

from study_server.served import Served

from .conftest import Visitor, new_visitor
from .test_site import YES, me, stored

TOKEN = r'name="csrf_token" value="([^"]*)"'


def test_tampered_and_foreign_tickets(app: Flask, served: Served, visitor: Visitor) -> None:
    mine = visitor.begin()
    other = new_visitor(app, served)
    foreign = re.search(r'name="ticket" value="([^"]*)"', other.begin().text).group(1)
    assert visitor.post(ticket=foreign, **YES).status_code == 403
    visitor.last = mine
    assert visitor.post(ticket=foreign[:-2] + "xx", **YES).status_code == 400
    visitor.last = mine
    assert visitor.post(ticket="", **YES).status_code == 400
    visitor.last = mine
    assert visitor.post("/items/5", **YES).status_code == 403
    assert stored(served) == 0
    visitor.last = mine
    assert visitor.post(**YES).status_code == 200
    assert stored(served) == 1


def test_forms_without_their_token_are_refused(visitor: Visitor, served: Served) -> None:
    visitor.begin()
    answer = visitor.client.post("/items/0", data=YES)
    assert answer.status_code == 400
    assert "reload the page" in answer.text
    assert stored(served) == 0


def test_a_token_is_of_one_session(app: Flask, served: Served, visitor: Visitor) -> None:
    other = re.search(TOKEN, new_visitor(app, served).begin().text).group(1)
    mine = re.search(TOKEN, visitor.begin().text).group(1)
    page = visitor.get("/items/0")
    assert set(re.findall(TOKEN, page.text)) == {mine}
    for token in (other, mine[:-2] + "xx", ""):
        visitor.last = page
        assert visitor.post(csrf_token=token, **YES).status_code == 400
    assert stored(served) == 0
    visitor.last = page
    assert visitor.post(**YES).status_code == 200
    assert stored(served) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/join/nonsense",
        "/join/IjEi.x",
        "/open/nonsense",
        "/study",
    ],
)
def test_links_that_are_not_ours(app: Flask, path: str) -> None:
    stranger = Visitor(app.test_client())
    page = stranger.get(path)
    assert page.status_code == 403
    assert "Traceback" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/images/../private/map.json",
        "/images/..%2fprivate%2fmap.json",
        "/images/%2e%2e%2fmanifest.json",
        "/images/map.json",
        "/images/0000000000000000.webp",
        "/private/map.json",
        "/manifest.json",
        "/static/../app.py",
        "/static/..%2f..%2fpyproject.toml",
        "/items/99999999999999999999999",
        "/items/-1",
        "/items/x",
        "/nowhere",
    ],
)
def test_unknown_addresses(visitor: Visitor, path: str) -> None:
    visitor.begin()
    assert visitor.get(path).status_code == 404
    assert "secret_key" not in visitor.last.text


def test_wrong_methods_types_and_sizes(visitor: Visitor, served: Served) -> None:
    page = visitor.begin()
    client = visitor.client
    assert client.get("/consent").status_code == 303
    assert client.put("/items/0").status_code == 405
    assert client.post("/items/0", json=YES).status_code == 415
    assert client.post("/items/0", data=b"<x/>", content_type="text/xml").status_code == 415
    visitor.last = page
    assert visitor.post(**YES, label="x" * 100_000).status_code == 413
    visitor.last = page
    assert visitor.post(**YES, label="x" * 200).status_code == 422
    many = {f"field{n}": "x" for n in range(100)}
    visitor.last = page
    assert visitor.post(**YES, **many).status_code in (200, 413)
    broken = client.post(
        "/items/0",
        data=b"consistent=%ff%fe&single=\xff",
        content_type="application/x-www-form-urlencoded",
    )
    assert broken.status_code == 400
    cut = client.post(
        "/items/0",
        data=b"--x\r\nContent-Disp",
        content_type="multipart/form-data; boundary=x",
    )
    assert cut.status_code == 400
    assert stored(served) <= 1


def test_a_fault_of_ours_is_a_calm_page_and_a_log_line(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.begin()

    def fail(*args: object) -> None:
        raise RuntimeError("label=" + "-".join(["secret", "answer"]))  # not in this line

    monkeypatch.setattr("study_server.judging.personal_plan", fail)
    page = visitor.get("/items/0")
    assert page.status_code == 500
    assert "RuntimeError" not in page.text
    assert "RuntimeError" in caplog.text
    assert "secret-answer" not in caplog.text


def test_the_log_holds_no_token_and_no_answer(
    app: Flask, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    someone = new_visitor(app, served)
    someone.begin()
    someone.post(**YES, label="very private words")
    token = served.links.personal(me(served).public_id)
    assert "/join/<token> 303" in caplog.text
    assert "/items/<int(max=9999):position> 303" in caplog.text
    for secret in (token, me(served).public_id, "very private words", "colour", "csrf"):
        assert secret not in caplog.text
