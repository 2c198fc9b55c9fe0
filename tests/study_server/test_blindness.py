"""No response to a participant tells which method made what: every page, header and image."""

import re

from flask import Flask

from study_server.served import Served

from .blobs import METHODS
from .conftest import QUIZ, Visitor, new_visitor

LINK = re.compile(r'(?:href|src|action|data-src)="(/[^"]*)"')
FORBIDDEN = [
    *METHODS,
    "blobs",
    "drawn",
    "planted",
    "direction=",
    "generator",
    "map.json",
    "webp.part",
]


class Crawler:
    """Visits every address that any page names, and keeps all bytes that came back."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}

    def follow(self, visitor: Visitor, paths: list[str]) -> None:
        queue = list(paths)
        while queue:
            path = queue.pop()
            if path in self.seen or path.startswith(("/admin", "/language")):
                continue
            answer = visitor.client.get(path)
            head = "\n".join(f"{k}: {v}" for k, v in answer.headers).encode()
            self.seen[path] = head + b"\n\n" + answer.data
            answer.close()
            if answer.mimetype == "text/html":
                queue += [path.replace("&amp;", "&") for path in LINK.findall(answer.text)]
            if "Location" in answer.headers:
                queue.append(answer.headers["Location"])


def test_nothing_a_participant_can_reach_names_a_method(app: Flask, served: Served) -> None:
    crawler = Crawler()
    someone = new_visitor(app, served)
    starts = ["/", "/consent", "/nowhere", f"/open/{served.links.open()}", "/join/x"]
    crawler.follow(someone, starts)
    someone.get("/consent")
    someone.post(choice="agree")
    crawler.follow(someone, ["/instructions"])
    someone.get("/instructions")
    someone.post()
    crawler.follow(someone, ["/quiz"])
    someone.post("/quiz", **QUIZ)
    position = 0
    while someone.last.request.path.startswith("/items"):
        crawler.seen.pop("/items", None)
        crawler.follow(someone, ["/items", f"/items/{position}"])
        someone.get(f"/items/{position}")
        missing = someone.post(consistent="yes")
        crawler.seen[f"422 {position}"] = missing.data
        someone.post(consistent="no", single="no")
        position += 1
    crawler.seen.pop("/study", None)
    crawler.follow(someone, ["/study", "/done"])
    pages = {path for path in crawler.seen if not path.startswith(("/images", "/static"))}
    images = {path for path in crawler.seen if path.startswith("/images")}
    assert len(pages) >= 25
    assert len(images) >= 72
    assert "/static/study.js" in crawler.seen
    indexes = {str(s.direction) for (s,) in served.bundle.sources.values()}
    assert indexes  # numbers this small stand on every page; ids must not be built from them
    for path, data in crawler.seen.items():
        text = data.lower()
        for word in FORBIDDEN:
            if path.startswith("/static") and word in ("generator", "random"):
                continue
            assert word.encode() not in text, (path, word)
        assert b"last-modified" not in text.split(b"\n\n")[0] or path.startswith("/static")
        assert b"server: w" not in text.split(b"\n\n")[0]


def test_ids_are_drawn_not_derived(served: Served) -> None:
    import hashlib

    for item_id, (source,) in served.bundle.sources.items():
        name = f"{source.generator}/{source.method}/{source.direction}"
        assert not hashlib.sha256(name.encode()).hexdigest().startswith(item_id)
        assert re.fullmatch(r"[0-9a-f]{16}", item_id)


def test_every_page_carries_the_headers_of_a_careful_site(app: Flask, served: Served) -> None:
    visitor = new_visitor(app, served)
    visitor.begin()
    for path in ("/items/0", "/nowhere", "/admin/sign-in", "/static/style.css"):
        answer = visitor.client.get(path)
        answer.close()
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    html = visitor.get("/items/0").text
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)
    assert re.search(r"<script(?! src=)", html) is None
    cookie = visitor.client.get_cookie(f"study-{served.bundle.study}")
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert not cookie.secure


def test_reading_changes_nothing(app: Flask, served: Served) -> None:
    """Every address, asked for with GET, leaves the database as it was."""
    visitor = new_visitor(app, served)
    visitor.begin()

    def dump() -> list[str]:
        with served.store.read() as db:
            connection = db.connection().connection.driver_connection
            return list(connection.iterdump())

    before = dump()
    crawler = Crawler()
    rules = [r.rule for r in app.url_map.iter_rules() if "GET" in r.methods and "<" not in r.rule]
    crawler.follow(visitor, [*rules, "/items/0", f"/open/{served.links.open()}"])
    assert dump() == before
