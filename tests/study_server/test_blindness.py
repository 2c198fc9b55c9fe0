"""No response to a participant tells which method made what: every page, header and image."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from scipy.stats import binomtest, rankdata

from study_server.app import create_app
from study_server.bundle import Bundle, load_bundle
from study_server.bundle_writer import DirectionStrips, write_bundle
from study_server.security import windows
from study_server.served import Served, open_study

from .blobs import METHODS, SETTINGS
from .conftest import QUIZ, Visitor, new_visitor

LINK = re.compile(r'(?:href|src|action|data-src)="(/[^"]*)"')
FORBIDDEN = [
    *METHODS,
    "blobs",
    "edited",
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


EACH = 8  # directions of each method in the study below


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A study of images of a generator: the directions that everybody should find, random ones,
    and the axes of its latent space."""
    import torch

    from benchmark.directions.artefact import Directions
    from benchmark.directions.shift import FrozenLinear
    from benchmark.generators.catalogue import GENERATORS
    from benchmark.study.build import render

    generator = GENERATORS["planted"].load()
    found = generator.true_directions()[:, :EACH]  # (d, EACH)
    axes = torch.eye(len(found), dtype=found.dtype)
    rng = torch.Generator().manual_seed(0)
    mixed = torch.linalg.qr(torch.randn(axes.shape, generator=rng, dtype=found.dtype))[0]
    latents, steps = generator.sample(4, rng), np.linspace(-6, 6, 7)
    methods = dict(zip(METHODS, (found, axes[:, :EACH], mixed[:, :EACH]), strict=True))
    strips = (
        DirectionStrips(
            "g",
            name,
            k,
            steps.tolist(),
            render(generator, latents, Directions(FrozenLinear(columns)), k, steps),
        )
        for name, columns in methods.items()
        for k in range(EACH)
    )
    folder = tmp_path_factory.mktemp("blind") / "study"
    settings = folder.with_suffix(".toml")
    settings.write_text(SETTINGS.format(ratings=9, items=99, repeats=0, checks=1), "utf-8")
    write_bundle(folder, strips, settings)
    return load_bundle(folder)


def under_study(bundle: Bundle) -> list[str]:
    return [item_id for item_id, check in bundle.checks.items() if not check]


def chance(bundle: Bundle, told: dict[str, Sequence[float]]) -> float:
    """The probability that luck tells the method so often from some figures of each item: the
    nearest mean rank decides, each time without the item itself."""
    items = under_study(bundle)
    methods = np.array([bundle.sources[item_id][0].method for item_id in items])
    ranks = rankdata([told[item_id] for item_id in items], axis=0)  # (n, figures)
    hits, names = 0, sorted(set(methods))
    for i, own in enumerate(methods):
        others = np.arange(len(methods)) != i
        means = [ranks[others & (methods == name)].mean(0) for name in names]
        nearest = int(np.argmin([((ranks[i] - mean) ** 2).sum() for mean in means]))
        hits += names[nearest] == own
    return binomtest(hits, len(methods), 1 / len(names), alternative="greater").pvalue


def images_of(bundle: Bundle, item_id: str) -> list[Path]:
    """Strip and film of each row in turn."""
    (shown,) = bundle.items[item_id].shows
    return [bundle.image(name) for row in shown.rows for name in (row.strip, row.film)]


LUCK = 1e-4  # less than this is no luck; 18 of 24 right are


def test_the_measure_of_blindness_finds_a_method_that_can_be_seen(real: Bundle) -> None:
    items = under_study(real)
    place = {item_id: [METHODS.index(real.sources[item_id][0].method)] for item_id in items}
    assert chance(real, place) < 1e-9
    assert chance(real, {item_id: [1] for item_id in items}) > 0.4  # the same for all tells nothing


def test_sizes_and_places_on_the_disk_tell_no_method(real: Bundle) -> None:
    paths = {item_id: images_of(real, item_id) for item_id in under_study(real)}
    entries = list((real.folder / "images").iterdir())
    listed = {path: place for place, path in enumerate(entries)}
    served = {name: place for place, name in enumerate(real.images)}
    manifest = {item_id: place for place, item_id in enumerate(real.items)}
    told = {
        "sizes": lambda files: [sum(f.stat().st_size for f in files[i::2]) for i in (0, 1)],
        "sizes of rows": lambda files: [f.stat().st_size for f in files],
        "moments of change": lambda files: [np.mean([f.stat().st_ctime_ns for f in files])],
        "inodes": lambda files: [np.mean([f.stat().st_ino for f in files])],
        "order in the folder": lambda files: [np.mean([listed[f] for f in files])],
        "order in the manifest": lambda files: [np.mean([served[f.name] for f in files])],
    }
    found = {
        name: chance(real, {item_id: figures(files) for item_id, files in paths.items()})
        for name, figures in told.items()
    }
    found["order of items"] = chance(real, {item_id: [n] for item_id, n in manifest.items()})
    print({name: round(p, 3) for name, p in found.items()})
    assert {name: p for name, p in found.items() if p < LUCK} == {}
    assert len({path.stat().st_mtime_ns for path in (*entries, real.folder / "images")}) == 1


def test_lengths_and_times_of_responses_tell_no_method(real: Bundle) -> None:
    study = open_study(real)
    app = create_app(study)
    windows.reset()
    someone = new_visitor(app, study)
    client, told = someone.client, {}
    someone.begin()
    while (path := someone.last.request.path).startswith("/items"):
        ticket = study.links.read_ticket(
            re.search(r'name="ticket" value="(.*?)"', someone.last.text)[1]
        )
        (shown,) = real.items[ticket.item_id].shows
        files = [f"/images/{name}" for row in shown.rows for name in (row.strip, row.film)]
        times, lengths = [], []
        for address in (path, *files):
            answers = []
            for _ in range(3):
                begin = time.perf_counter()
                answer = client.get(address)
                answers.append(time.perf_counter() - begin)
                length = len(answer.data) + len(str(answer.headers))
                answer.close()
            times.append(min(answers))
            lengths.append(length)
        told[ticket.item_id] = times[0], sum(times[1:]), lengths[0], sum(lengths[1:])
        windows.reset()
        someone.post(consistent="no", single="no")
    told = {item_id: told[item_id] for item_id in under_study(real)}
    study.store.close()
    windows.reset()
    names = ("page's time", "images' time", "page's length", "images' length")
    found = {
        name: chance(real, {item_id: [figures[i]] for item_id, figures in told.items()})
        for i, name in enumerate(names)
    }
    print({name: round(p, 3) for name, p in found.items()})
    assert {name: p for name, p in found.items() if p < LUCK} == {}
