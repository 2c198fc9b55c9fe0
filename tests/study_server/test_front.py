"""The site's address: told by whoever serves it, and by no header that a client can send."""

import re
from pathlib import Path

import pytest
from flask import Flask, request

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.front import DIRECT, PARENTS, Front, opens_here_alone, read_front
from study_server.served import Served, note, open_study

from .conftest import Visitor

LIES = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "666",
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-Ip": "6.6.6.6",
    "X-Script-Name": "/evil",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=gopher",
}


@pytest.mark.parametrize(
    ("given", "front"),
    [
        ("https://host.example/faces", Front("https", "host.example", "/faces")),
        ("https://host.example/faces/", Front("https", "host.example", "/faces")),
        ("https://Host.Example", Front("https", "host.example", "")),
        ("https://host.example:443/", Front("https", "host.example", "")),
        ("https://host.example:8443/a/b", Front("https", "host.example:8443", "/a/b")),
        ("http://127.0.0.1:8000", Front("http", "127.0.0.1:8000", "")),
        ("http://[::1]:8000/x", Front("http", "[::1]:8000", "/x")),
        ("https://b\u00fccher.example", Front("https", "xn--bcher-kva.example", "")),
        ("https://host.example/study", Front("https", "host.example", "/study")),
        (None, DIRECT),
    ],
)
def test_addresses(given: str | None, front: Front) -> None:
    assert read_front(given) == front


@pytest.mark.parametrize(
    "given",
    [
        "host.example/faces",
        "host.example",
        "//host.example",
        "ftp://host.example",
        "https://",
        "https:///faces",
        "https://user:word@host.example",
        "https://host.example/?x=1",
        "https://host.example/#x",
        "https://host.example:99999",
        "https://host.example:x",
        "https://host.example//faces",
        "https://host.example/fa ces",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_site(given: str) -> None:
    with pytest.raises(BenchError, match=r"give one like https://host\.example/faces"):
        read_front(given)


def test_no_prefix_hides_a_page_of_the_site(app: Flask) -> None:
    deep = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.count("/") > 1]
    assert {rule.split("/")[1] for rule in deep} == set(PARENTS)
    for name in PARENTS:
        with pytest.raises(BenchError, match=f"pages lie below /{name}"):
            read_front(f"https://host.example/{name}/x")


@pytest.mark.parametrize("stripped", [True, False], ids=["stripped", "left"])
@pytest.mark.parametrize("prefix", ["", "/faces", "/a/b", "/study"])
def test_every_link_and_redirect_is_below_the_base(
    served: Served, prefix: str, stripped: bool
) -> None:
    """Whatever the request says, and whether the proxy strips the prefix or leaves it."""
    base = f"https://host.example{prefix}"
    client = create_app(served, read_front(base)).test_client(use_cookies=False)
    before = "" if stripped else prefix
    url, cookie = "http://127.0.0.1:8000", ""

    def follow(path: str):
        for _ in range(5):
            sent = LIES | {"Cookie": cookie}
            page = client.get(f"{before}{path}", base_url=url, headers=sent)
            if page.status_code != 303:
                return page
            where = page.headers["Location"]
            assert where.startswith(f"{prefix}/")
            path = where.removeprefix(prefix).partition("?")[0]
        raise AssertionError("redirects without end")

    (token,) = commands.annotators.invite(served.store, served.links, 1, 0)
    page = client.get(f"{before}/join/{token}", base_url=url, headers=LIES)
    cookie = page.headers["Set-Cookie"]
    assert f"study-{served.bundle.study}=" in cookie
    assert "; Secure" in cookie
    assert "; HttpOnly" in cookie
    assert f"; Path={prefix or '/'}" in cookie
    assert "Domain" not in cookie
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    cookie = cookie.partition(";")[0]
    page = follow("/study")
    assert f"{base}/join/{token}" in page.text
    assert "evil" not in page.text
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert len(links) >= 4
    assert all(link.startswith(f"{prefix}/") for link in links)
    for link in links:
        if "static" in link or link.endswith(".css"):
            answer = client.get(f"{before}{link.removeprefix(prefix)}", base_url=url)
            assert answer.status_code == 200
            answer.close()
    assert follow("/").status_code == 200
    assert follow("/admin/").status_code == 200
    if prefix == "/faces":
        answer = client.get("/faces", base_url=url, headers={"Cookie": cookie})
        assert answer.headers["Location"] == "/faces/study"


def test_cookies_over_plain_http_are_not_secure(served: Served) -> None:
    answer = create_app(served, read_front("http://host.example/x")).test_client().get("/")
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers
    answer = create_app(served).test_client().get("/", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers


CLIENTS = [
    (None, {"X-Forwarded-For": "1.1.1.1", "X-Real-Ip": "2.2.2.2"}, "127.0.0.1"),
    ("x-forwarded-for", {"X-Forwarded-For": "1.1.1.1"}, "1.1.1.1"),
    ("X-Forwarded-For", {"X-Forwarded-For": "6.6.6.6, 1.1.1.1"}, "1.1.1.1"),
    ("x-forwarded-for", {"X-Forwarded-For": "6.6.6.6,1.1.1.1 "}, "1.1.1.1"),
    ("x-forwarded-for", {"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1"),
    ("x-forwarded-for", {"X-Forwarded-For": "2001:DB8::1"}, "2001:db8::1"),
    ("x-forwarded-for", {"X-Forwarded-For": "1.1.1.1, unknown"}, "127.0.0.1"),
    ("x-forwarded-for", {"X-Forwarded-For": ""}, "127.0.0.1"),
    ("x-forwarded-for", {"X-Real-Ip": "2.2.2.2", "Forwarded": "for=3.3.3.3"}, "127.0.0.1"),
    ("x-real-ip", {"X-Forwarded-For": "1.1.1.1", "X-Real-Ip": "2.2.2.2"}, "2.2.2.2"),
    ("x-real-ip", {"X-Forwarded-For": "1.1.1.1"}, "127.0.0.1"),
]


def test_whose_request_it_is(served: Served) -> None:
    for header, sent, address in CLIENTS:
        app = create_app(served, read_front("https://host.example", header))
        seen = []

        @app.before_request
        def look(seen: list = seen) -> None:
            claims = [name for name in request.environ if "FORWARDED" in name or "REAL_IP" in name]
            seen.append((request.remote_addr, request.host, claims))

        app.test_client().get("/", headers=sent, environ_base={"REMOTE_ADDR": "127.0.0.1"})
        assert seen == [(address, "host.example", [])], (header, sent)


def test_only_two_headers_can_be_named() -> None:
    with pytest.raises(BenchError, match="x-forwarded-for or x-real-ip alone"):
        read_front("https://host.example", "x-client")


HERE = ("http://127.0.0.1:8000/join/x", "http://127.1.2.3", "https://localhost/", "http://[::1]:80")
ELSEWHERE = ("https://host.example/join/x", "http://10.0.0.1:8000", "http://localhost.example", "")


def test_what_opens_on_this_machine_alone(app: Flask, staff: Visitor) -> None:
    assert all(map(opens_here_alone, HERE))
    assert not any(map(opens_here_alone, (*ELSEWHERE, "http://[")))
    said = "These links open on this machine alone."
    assert said in staff.get("/admin/invitations/").text
    assert said in staff.client.get("/admin/invitations/", base_url="http://localhost:81").text


def test_invitations_are_below_the_address_last_served(bundle: Bundle, tmp_path: Path) -> None:
    def starts(base: str | None = None) -> str:
        (link,) = commands.invite(bundle.folder, 1, base)
        return link.partition("/join/")[0]

    assert starts() == "http://127.0.0.1:8000"
    study = open_study(bundle)
    for base in ("https://host.example/faces", "https://b.example", ""):
        study.store.write(lambda db, base=base: note(db, "served", base, 0))
    study.store.close()
    assert starts() == "https://b.example"
    assert starts("https://host.example/faces/") == "https://host.example/faces"
    with pytest.raises(BenchError, match="no address of a site"):
        starts("host.example")
