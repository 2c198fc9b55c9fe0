"""Coming in: one browser is one person, whatever link it opens, and a number opens nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import Client

from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.databases import sqlite_url
from study_server.front import read_front
from study_server.models import Annotator
from study_server.served import Served, open_study

from .conftest import Visitor, signed_in
from .test_site import YES

NUMBER = {"PROLIFIC_PID": "5f3c1e2a9b7d4c6e8f0a1b2c", "STUDY_ID": "s", "SESSION_ID": "x"}
UNFILLED = "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID=s"


def people(served: Served) -> list[Annotator]:
    with served.store.read() as db:
        return list(db.scalars(select(Annotator).order_by(Annotator.id)))


def open_link(served: Served, **outside: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in outside.items())
    return f"/open/{served.links.open()}" + (f"?{query}" if query else "")


def enter(app: Flask, served: Served, visitor: Visitor | None = None, **outside: str) -> Visitor:
    """Open the open link, and press the button that it offers to newcomers."""
    visitor = visitor or Visitor(app.test_client())
    page = visitor.get(open_link(served, **outside))
    if page.request.path.startswith("/open/") and page.status_code == 200:
        hidden = dict(re.findall(r'name="([A-Z_]+)" value="([^"]*)"', page.text))
        visitor.post(**hidden)
    return visitor


def judge_all(visitor: Visitor) -> None:
    visitor.begin()
    while visitor.last.request.path.startswith("/items"):
        visitor.post(**YES)


@pytest.mark.parametrize("outside", [{}, {"STUDY_ID": "s"}, NUMBER, {"workerId": "W1"}])
def test_the_open_link_again_is_the_same_person(
    app: Flask, served: Served, outside: dict[str, str]
) -> None:
    visitor = enter(app, served, **outside)
    assert visitor.last.request.path == "/consent"
    enter(app, served, visitor, **outside)
    assert visitor.last.request.path == "/consent"
    judge_all(visitor)
    code = re.search(r"<output>(.+?)</output>", visitor.last.text).group(1)
    for link in (outside, {}, {"STUDY_ID": "other"}):
        enter(app, served, visitor, **link)
        assert visitor.last.request.path == "/done"
        assert code in visitor.last.text
    assert len(people(served)) == 1


def test_an_invited_person_stays_who_they_are(app: Flask, served: Served, visitor: Visitor) -> None:
    enter(app, served, visitor)
    assert visitor.last.request.path == "/consent"
    assert [one.source for one in people(served)] == ["invite"]


def test_another_number_is_another_person(app: Flask, served: Served) -> None:
    """As on a computer that several people use; each comes back as themselves."""
    visitor = enter(app, served, PROLIFIC_PID="p1")
    visitor.post(choice="agree")
    enter(app, served, visitor, PROLIFIC_PID="p2")
    assert visitor.last.request.path == "/consent"
    enter(app, served, visitor, PROLIFIC_PID="p1")
    assert visitor.last.request.path == "/instructions"
    assert [one.outside_id for one in people(served)] == ["PROLIFIC_PID:p1", "PROLIFIC_PID:p2"]


@pytest.mark.parametrize("outside", [{}, NUMBER])
def test_a_double_click_makes_one_person(
    app: Flask, served: Served, outside: dict[str, str]
) -> None:
    """Both forms are sent before the browser has the first answer's cookie."""
    visitor = Visitor(app.test_client())
    page = visitor.get(open_link(served, **outside))
    name = f"study-{served.bundle.study}"
    before = visitor.client.get_cookie(name).value
    for _ in range(2):
        visitor.client.set_cookie(name, before)
        visitor.last = page
        assert visitor.post(follow=False, **outside).status_code == 303
        assert visitor.get("/study").request.path == "/consent"
    assert len(people(served)) == 1


def test_two_browsers_without_numbers_are_two_people(app: Flask, served: Served) -> None:
    for _ in range(2):
        assert enter(app, served, STUDY_ID="s").last.request.path == "/consent"
    assert len(people(served)) == 2


def test_a_number_that_was_not_filled_in_is_nobody_s(app: Flask, served: Served) -> None:
    for _ in range(2):
        visitor = Visitor(app.test_client())
        page = visitor.get(open_link(served) + UNFILLED)
        assert page.status_code == 200
        assert 'name="PROLIFIC_PID"' not in page.text
        visitor.post(PROLIFIC_PID="{{%PROLIFIC_PID%}}", STUDY_ID="s")
        judge_all(visitor)
        assert visitor.last.request.path == "/done"
    assert [one.outside_id for one in people(served)] == [None, None]
    assert len({one.completion_code for one in people(served)}) == 2


def test_a_number_that_can_be_none_is_told(app: Flask, served: Served) -> None:
    visitor = Visitor(app.test_client())
    for number in ("a%20b", "{{%25PROLIFIC", "x" * 65):
        page = visitor.get(open_link(served, PROLIFIC_PID=number))
        assert page.status_code == 400
        assert "participant number in this link is not complete" in page.text
    visitor.get(open_link(served))
    assert visitor.post(PROLIFIC_PID="a b").status_code == 400
    assert people(served) == []


def test_a_number_alone_opens_nothing_in_another_browser(app: Flask, served: Served) -> None:
    first = enter(app, served, **NUMBER)
    first.begin()
    first.post(**YES)
    stranger = Visitor(app.test_client())
    page = stranger.get(open_link(served, **NUMBER))
    assert page.status_code == 409
    assert "open your personal link" in page.text
    assert "study@example.org" in page.text
    stranger.get(open_link(served))
    assert stranger.post(**NUMBER).status_code == 409
    assert stranger.get("/study").status_code == 403
    assert len(people(served)) == 1
    token = served.links.personal(people(served)[0].public_id)
    assert stranger.get(f"/join/{token}").request.path == "/items/1"
    enter(app, served, first, **NUMBER)
    assert first.last.request.path == "/items/1"


def test_a_study_may_let_numbers_open(bundle: Bundle, clock) -> None:
    study = open_study(replace(bundle, settings=replace(bundle.settings, number_opens=True)))
    app = create_app(study)
    enter(app, study, **NUMBER).begin()
    other = enter(app, study, **NUMBER)
    assert other.last.request.path == "/items/0"
    assert len(people(study)) == 1
    study.store.close()


def test_the_personal_link_is_shown_in_time(app: Flask, served: Served) -> None:
    visitor = enter(app, served)
    token = served.links.personal(people(served)[0].public_id)
    assert f"http://localhost/join/{token}" in visitor.last.text  # at the consent
    assert f"http://localhost/join/{token}" in visitor.post(choice="agree").text


def test_nothing_of_other_services_is_offered(app: Flask, served: Served) -> None:
    """Their frames could not show the site."""
    page = Visitor(app.test_client()).get(
        open_link(served, workerId="W1", assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE", hitId="H")
    )
    assert page.status_code == 200
    assert 'name="workerId"' not in page.text
    assert "preview" not in page.text
    assert '<button class="primary"' in page.text


def test_without_cookies_it_says_so(app: Flask, served: Served, visitor: Visitor) -> None:
    token = served.links.personal(people(served)[0].public_id)
    client = app.test_client(use_cookies=False)
    for path in (f"/join/{token}",):
        page = client.get(path, follow_redirects=True)
        assert page.status_code == 403
        assert "sent no cookie" in page.text
        assert "open your personal link again" in page.text
    form = client.get(open_link(served)).text
    hidden = dict(re.findall(r'name="(csrf_token)" value="([^"]*)"', form))
    page = client.post(open_link(served), data=hidden)
    assert page.status_code == 400
    assert "sent no cookie" in page.text
    assert "open for too long" not in page.text


def test_a_lost_session_leads_on(app: Flask, served: Served, visitor: Visitor) -> None:
    old = visitor.begin()
    token = served.links.personal(people(served)[0].public_id)
    for path in ("/study", "/items/0", "/consent"):
        page = app.test_client().get(path)
        assert page.status_code == 403
        assert "open your personal link again, or the link by which you came" in page.text
    visitor.client.delete_cookie(f"study-{served.bundle.study}")
    visitor.last = old
    page = visitor.post(**YES)
    assert page.status_code == 400
    assert "open your personal link again, or the link by which you came" in page.text
    visitor.get("/")  # a new session, of nobody
    visitor.last = old
    page = visitor.post(**YES)
    assert "This browser has forgotten who you are" in page.text
    assert visitor.get(f"/join/{token}").request.path == "/items/0"
    assert visitor.post(**YES).request.path == "/items/1"


@contextmanager
def two_studies(
    bundle: Bundle, tmp_path: Path, bases: tuple[str, str]
) -> Iterator[tuple[Client, list[Served]]]:
    """Two studies on one host, and one browser that reaches both, by port or by prefix."""
    other = replace(bundle, study="0123456789abcdef")
    studies = [open_study(bundle), open_study(other, sqlite_url(tmp_path / "other.sqlite"))]
    apps = [create_app(s, read_front(b)) for s, b in zip(studies, bases, strict=True)]

    def site(environ, start_response):
        first = environ["HTTP_HOST"].endswith(":8000") or environ["PATH_INFO"].startswith("/one/")
        return apps[0 if first else 1](environ, start_response)

    yield Client(site), studies
    for study in studies:
        study.store.close()


@pytest.mark.parametrize(
    ("bases", "prefixes"),
    [
        (("http://localhost:8000", "http://localhost:8001"), ("", "")),
        (("https://localhost/one", "https://localhost/two"), ("/one", "/two")),
        (("https://localhost/one", "https://localhost"), ("/one", "")),
    ],
)
def test_two_studies_on_one_host_and_one_browser(
    bundle: Bundle, tmp_path: Path, bases: tuple[str, str], prefixes: tuple[str, str]
) -> None:
    with two_studies(bundle, tmp_path, bases) as (client, studies):

        def go(which: int, path: str, form: str = "", **fields: str):
            """Open a page of one study, or send a form of it."""
            hidden = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', form))
            site, path = bases[which].removesuffix(prefixes[which]), prefixes[which] + path
            more = {"data": hidden | fields, "method": "POST"} if form else {}
            answer = client.open(path, base_url=site, follow_redirects=True, **more)
            assert answer.status_code == 200
            return answer.request.path.removeprefix(prefixes[which]), answer.text

        links = [open_link(study) for study in studies]
        forms = [go(which, links[which])[1] for which in (0, 1)]
        for which in (0, 1):
            assert go(which, links[which], forms[which])[0] == "/consent"
        password = (bundle.folder / "private" / "password.txt").read_text()
        go(0, "/admin/sign-in", go(0, "/admin/sign-in")[1], password=password)
        for which in (0, 1):
            go(which, "/consent", go(which, "/consent")[1], choice="agree")
            assert go(which, "/study")[0] == "/instructions"
            assert len(people(studies[which])) == 1
        assert go(0, "/admin/")[0] == "/admin/"
        assert go(1, "/admin/")[0] == "/admin/sign-in"


OFF_SITE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\x00//evil.example",
    " //evil.example",
    "https://evil.example/items/0",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "http://localhost/items/0",
    "http://localhost@evil.example/",
    "//localhost@evil.example/items/0",
    "javascript:alert(1)",
    "data:text/html,x",
    "/..//evil.example",
    "/./evil.example",
    "/%2f%2fevil.example",
    "%2f%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/items/0//evil.example",
    "/;@evil.example",
    "evil.example",
    "",
    "//[",
]


ON_SITE = ["/items/0", "/instructions", "/study", "/items/0?x=1", "/admin/items?who=simulated"]

BENT = {
    "/st\tudy": "/study",
    "\n/items/0": "/items/0",
    "/study?a=\r\nb": "/study?a=b",
}  # written anew


def test_the_way_back_is_a_page_of_the_site_or_the_start(visitor: Visitor) -> None:
    page = visitor.begin()
    found = {}
    for back in (*OFF_SITE, *ON_SITE, *BENT):
        visitor.last = page
        answer = visitor.post("/language", follow=False, language="zh", back=back)
        assert answer.status_code == 303
        found[back] = answer.headers["Location"]
    assert found == dict.fromkeys(OFF_SITE, "/") | {back: back for back in ON_SITE} | BENT


def test_a_language_keeps_the_link_s_number(app: Flask, served: Served) -> None:
    visitor = Visitor(app.test_client())
    page = visitor.get(open_link(served, **NUMBER))
    back = re.search(r'name="back" value="([^"]*)"', page.text).group(1).replace("&amp;", "&")
    page = visitor.post("/language", language="zh", back=back)
    assert 'lang="zh"' in page.text
    assert f'value="{NUMBER["PROLIFIC_PID"]}"' in page.text
    evil = quote("x\r\nSet-Cookie: a=b")
    page = visitor.post("/language", follow=False, language="en", back=f"/study?a={evil}")
    assert "\n" not in page.headers["Location"]


def test_a_newcomer_s_language_is_not_that_of_whom_the_browser_was(
    app: Flask, served: Served
) -> None:
    visitor = enter(app, served, PROLIFIC_PID="p1")
    visitor.post("/language", language="en", back="/consent")
    link = open_link(served, PROLIFIC_PID="p2")
    visitor.get(link)
    page = visitor.post("/language", language="zh", back=link)
    assert page.request.path.startswith("/open/")
    assert 'lang="zh"' in page.text
    assert [one.language for one in people(served)] == ["en"]


def test_the_staff_stay_signed_in_beside_taking_part(app: Flask, served: Served) -> None:
    staff = signed_in(app, served)
    enter(app, served, staff)
    assert staff.last.request.path == "/consent"
    assert staff.get("/admin/").request.path == "/admin/"
