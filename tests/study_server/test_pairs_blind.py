"""Two directions on a page: nothing tells which method made which, nor which page is a check."""

import random
from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import binomtest

from study_server.app import create_app
from study_server.bundle import load_bundle
from study_server.bundle_writer import write_bundle
from study_server.security import windows
from study_server.served import open_study
from study_server.tasks import Pairs

from .blobs import METHODS, SETTINGS, strips
from .conftest import new_visitor
from .test_blindness import FORBIDDEN, Crawler

QUIZ = {"which-0": "b", "which-1": "a", "which-2": "none"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    settings = tmp_path / "study.toml"
    settings.write_text(SETTINGS.format(ratings=3, items=5, repeats=0.2, checks=1), "utf-8")
    write_bundle(tmp_path / "study", strips(4, ("blobs-colour",)), settings, task=Pairs)
    return tmp_path / "study"


def test_no_page_of_pairs_names_a_method(folder: Path) -> None:
    study = open_study(load_bundle(folder))
    app = create_app(study)
    windows.reset()
    someone, crawler = new_visitor(app, study), Crawler()
    someone.get("/consent")
    someone.post(choice="agree")
    crawler.follow(someone, ["/instructions"])
    someone.get("/instructions")
    someone.post()
    crawler.follow(someone, ["/quiz"])
    someone.post("/quiz", **QUIZ)
    position = 0
    while someone.last.request.path.startswith("/items"):
        crawler.follow(someone, [f"/items/{position}"])
        someone.get(f"/items/{position}")
        someone.post(which=random.Random(position).choice("ab"))
        position += 1
        windows.reset()
    study.store.close()
    assert position == 8  # five pairs, one of them again, a check on either side
    assert len([path for path in crawler.seen if path.startswith("/items")]) == position
    for path, data in crawler.seen.items():
        for word in FORBIDDEN:
            if not path.startswith("/static"):
                assert word.encode() not in data.lower(), (path, word)


def test_sides_and_places_tell_nothing(folder: Path) -> None:
    bundle = load_bundle(folder)
    sides: dict[str, Counter[str]] = {"left": Counter(), "right": Counter()}
    for sources in bundle.sources.values():
        if not sources[0].check:
            sides["left"][sources[0].method] += 1
            sides["right"][sources[1].method] += 1
    assert sides["left"] == sides["right"] == dict.fromkeys(METHODS, 8)
    kinds = [bundle.checks[item_id] for item_id in bundle.items]  # in the manifest's order
    under_study = [n for n, kind in enumerate(kinds) if not kind]
    early = sum(n < len(kinds) / 2 for n in under_study)
    assert binomtest(early, len(under_study)).pvalue > 1e-4
    for item in bundle.items.values():  # a check looks like any other page
        assert [len(shown.rows) for shown in item.shows] == [4, 4]
        assert len({shown.columns for shown in item.shows}) == 1
