"""What a request takes and sends besides its page: a connection, and a cookie where it changed."""

import pytest
from flask import Flask

from study_server import judging
from study_server.served import Served

from .conftest import Visitor


def test_every_request_gives_its_connection_back(
    app: Flask, served: Served, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.begin()
    looks, look = [], served.store.look  # kept, since Python gives back what nobody knows any more
    monkeypatch.setattr(type(served.store), "look", lambda self: looks.append(look()) or looks[-1])
    statuses = [visitor.client.get(f"/items/{position}").status_code for position in (0, 77)]
    monkeypatch.setattr(judging, "minutes_left", lambda *_: 1 / 0)
    statuses.append(visitor.client.get("/items/0").status_code)
    assert statuses == [200, 404, 500]
    assert len(looks) == 3
    assert served.store.engine.pool.checkedout() == 0


def test_a_page_is_of_one_state_of_the_database(
    app: Flask, served: Served, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.begin()
    looks, look = [], served.store.look
    monkeypatch.setattr(type(served.store), "look", lambda self: looks.append(1) or look())
    visitor.client.get("/items/0")
    assert len(looks) == 1


def test_a_cookie_is_sent_where_the_session_changed_alone(visitor: Visitor) -> None:
    visitor.begin()
    reply = visitor.client.get("/items/0")
    assert "Set-Cookie" not in reply.headers
    assert reply.headers["Vary"] == "Cookie"  # a page that depends on it
    visitor.last = reply
    reply = visitor.post("/language", follow=False, language="en", back="/items/0")
    assert "Set-Cookie" in reply.headers
    assert reply.headers["Vary"] == "Cookie"
