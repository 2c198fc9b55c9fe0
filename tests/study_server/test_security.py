"""Whose forms are taken: by their token, and by what the browser says of the page they are from."""

import re
from dataclasses import dataclass

import pytest
from flask import Flask, session
from flask_wtf.csrf import validate_csrf
from sqlalchemy import select

from study_server import annotators
from study_server.app import create_app
from study_server.front import read_front
from study_server.models import Annotator
from study_server.security import _signed
from study_server.served import Served

from .conftest import Visitor, new_visitor

BASE = "https://host.example/faces"
OWN, FOREIGN = "https://host.example", "https://evil.example"
TAKEN, NOT_TAKEN, TOO_OLD = 303, 403, 400


@dataclass(frozen=True)
class Sent:
    """What a browser says beside the form."""

    headers: dict[str, str]
    token: bool = True


CASES = [
    (Sent({}), TAKEN),  # neither Referer nor Origin, as some browsers and proxies make it
    (Sent({"Referer": f"{BASE}/consent"}), TAKEN),
    (Sent({"Referer": "https://evil.example/"}), TAKEN),  # anybody's; the token decides
    (Sent({"Origin": OWN}), TAKEN),
    (Sent({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}), TAKEN),
    (Sent({"Origin": "null"}), TAKEN),  # privacy settings; the token decides
    (Sent({"Sec-Fetch-Site": "none"}), TAKEN),
    (Sent({"Origin": "null", "Sec-Fetch-Site": "cross-site"}), NOT_TAKEN),  # a foreign frame
    (Sent({"Origin": FOREIGN}), NOT_TAKEN),
    (Sent({"Origin": "http://host.example"}), NOT_TAKEN),
    (Sent({"Origin": "https://host.example:8443"}), NOT_TAKEN),
    (Sent({"Origin": "https://host.example.evil.example"}), NOT_TAKEN),
    (Sent({"Origin": "https://other.host.example", "Sec-Fetch-Site": "same-site"}), NOT_TAKEN),
    (Sent({"Sec-Fetch-Site": "cross-site"}), NOT_TAKEN),
    (Sent({}, token=False), TOO_OLD),
    (Sent({"Origin": OWN, "Referer": f"{BASE}/consent"}, token=False), TOO_OLD),
    (Sent({"Origin": "null"}, token=False), TOO_OLD),
    (Sent({"Origin": FOREIGN}, token=False), NOT_TAKEN),
]


def test_who_may_send_a_form(served: Served) -> None:
    app = create_app(served, read_front(BASE))
    for sent, code in CASES:
        visitor = new_visitor_behind(app, served)
        token = re.search(r'name="csrf_token" value="([^"]*)"', visitor.last.text).group(1)
        data = {"choice": "agree", "csrf_token": token if sent.token else token[:-2] + "xx"}
        answer = visitor.client.post(
            "/faces/consent", base_url=OWN, data=data, headers=sent.headers
        )
        assert answer.status_code == code, sent
        with served.store.read() as db:
            newest = select(Annotator.stage).order_by(Annotator.id.desc()).limit(1)
            stage = db.execute(newest).scalar_one()
        assert stage == ("consented" if code == TAKEN else "invited"), sent
        assert ("sent from another address" in answer.text) == (code == NOT_TAKEN), sent


def new_visitor_behind(app: Flask, served: Served) -> Visitor:
    """An invited annotator at the consent page; the test client's own address is the site's."""
    (token,) = annotators.invite(served.store, served.links, 1, 0)
    visitor = Visitor(app.test_client())
    visitor.client.get(f"/faces/join/{token}", base_url=OWN)
    visitor.last = visitor.client.get("/faces/consent", base_url=OWN)
    return visitor


def test_without_a_base_the_own_origin_is_where_it_was_asked(app: Flask, served: Served) -> None:
    visitor = new_visitor(app, served)
    page = visitor.last
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text).group(1)
    for origin, code in ((FOREIGN, NOT_TAKEN), ("http://localhost", TAKEN)):
        answer = visitor.client.post(
            "/consent", data={"choice": "agree", "csrf_token": token}, headers={"Origin": origin}
        )
        assert answer.status_code == code


def test_a_form_s_token_is_one_of_flask_wtf_and_of_its_session_alone(app: Flask) -> None:
    tokens = {name: _signed(str(app.secret_key), name) for name in ("one", "other")}
    assert tokens["one"] != tokens["other"]
    for name, token in tokens.items():
        with app.test_request_context():
            session["csrf_token"] = name
            validate_csrf(token)


def cookie_of(app: Flask, contents: dict[str, object]) -> dict[str, str]:
    """The header of a browser whose session this is."""
    serializer = app.session_interface.get_signing_serializer(app)
    return {"Cookie": f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(contents)}"}


def test_requests_with_one_cookie_share_nothing_of_it(app: Flask) -> None:
    headers = cookie_of(app, {"turk": {"assignment": "mine"}})
    with app.test_request_context(headers=headers):
        session["turk"]["assignment"] = "changed"
    with app.test_request_context(headers=headers):
        assert session["turk"] == {"assignment": "mine"}


def test_a_cookie_that_is_forgotten_while_it_is_read_is_read_all_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(dict):
        def __setitem__(self, *_: object) -> None:
            """As where another thread clears it at once."""

    monkeypatch.setattr(app.session_interface, "_read", Forgetful())
    with app.test_request_context(headers=cookie_of(app, {"annotator": "ada"})):
        assert session["annotator"] == "ada"
