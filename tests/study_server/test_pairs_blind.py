"""Two directions on a page: nothing tells which method made which, nor which page is a check, and
A is the first of them."""

import random
import re
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest

from study_server.app import create_app
from study_server.bundle import Bundle, Item, Shown, load_bundle
from study_server.bundle_writer import write_bundle
from study_server.drawings import draw
from study_server.filmstrips import as_film
from study_server.security import windows
from study_server.served import open_study
from study_server.tasks import Pairs

from .blobs import METHODS, SETTINGS, strips
from .conftest import Clock, new_visitor, signed_in
from .test_blindness import FORBIDDEN, Crawler

QUIZ = {"which-0": "b", "which-1": "a", "which-2": "none"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of pairs, in which some tests take part."""
    study = tmp_path_factory.mktemp("pairs") / "study"
    settings = study.with_suffix(".toml")
    settings.write_text(SETTINGS.format(ratings=3, items=5, repeats=0.2, checks=1), "utf-8")
    password = write_bundle(study, strips(4, ("blobs-colour",)), settings, task=Pairs)
    (study / "private" / "password.txt").write_text(password)
    return study


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


def moves(bundle: Bundle, shown: Shown) -> bool:
    """Whether a picture of a direction differs from the first of its row, but for compression."""
    for row in shown.rows:
        with Image.open(bundle.image(row.film)) as film:
            steps = np.hsplit(np.asarray(film.convert("RGB"), int), len(shown.steps))
        if max(np.abs(step - steps[0]).mean() for step in steps) > 1:
            return True
    return False


def test_the_first_pictures_of_an_item_are_those_of_its_first_direction(folder: Path) -> None:
    bundle = load_bundle(folder)
    checks = [item_id for item_id, kind in bundle.checks.items() if kind]
    assert len(checks) == 4  # two clear ones beside a still one, on either side
    for item_id in checks:
        kinds = [source.check for source in bundle.sources[item_id]]
        shown = [moves(bundle, shown) for shown in bundle.items[item_id].shows]
        assert shown == [kind == "good" for kind in kinds]
    for item_id, sources in bundle.sources.items():  # those of "random" are mixed or still
        for source, shown in zip(sources, bundle.items[item_id].shows, strict=True):
            if not source.check:
                still = source.method != "discovered" and source.direction % 2 == 1
                assert moves(bundle, shown) != still


def test_the_drawings_of_a_lesson_stand_in_the_order_of_its_answer(folder: Path) -> None:
    bundle = load_bundle(folder)
    for lesson, drawn in zip(bundle.lessons, Pairs.lessons, strict=True):
        assert lesson.right == drawn.right
        for shown, change in zip(lesson.item.shows, drawn.changes, strict=True):
            for row, images in zip(shown.rows, draw(change), strict=True):
                with Image.open(bundle.image(row.film)) as film:
                    gap = np.asarray(film.convert("RGB"), int) - np.asarray(as_film(images))
                assert np.abs(gap).mean() < 2  # compression alone


def sides(page: str) -> list[tuple[str, set[str]]]:
    """Letter and images of each direction on a page, from top to bottom."""
    sections = re.findall(r'<section class="pictures".*?</section>', page, re.DOTALL)
    found = []
    for one in sections:
        letter = re.search("<h2>(.)</h2>", one)[1]
        assert re.search(f'aria-label="[^"]* {letter}"', one)  # what a screen reader says
        found.append((letter, set(re.findall(r'src="/images/(.*?)"', one))))
    return found


def expected(item: Item) -> list[tuple[str, set[str]]]:
    return [
        (letter, {name for row in shown.rows for name in (row.film, row.strip)})
        for letter, shown in zip("AB", item.shows, strict=True)
    ]


def test_a_is_the_first_direction_of_a_page_and_b_the_second(folder: Path) -> None:
    study = open_study(load_bundle(folder))
    bundle, seen = study.bundle, set()
    windows.reset()
    someone = new_visitor(create_app(study), study)
    someone.get("/consent")
    someone.post(choice="agree")
    someone.post()
    assert sides(someone.last.text) == expected(bundle.quiz[0].item)
    someone.post("/quiz", **QUIZ)
    while someone.last.request.path.startswith("/items"):
        ticket = re.search('name="ticket" value="(.*?)"', someone.last.text)[1]
        item_id = study.links.read_ticket(ticket).item_id
        assert sides(someone.last.text) == expected(bundle.items[item_id])
        seen.add(bundle.checks[item_id])
        someone.post(which="a")
    study.store.close()
    windows.reset()
    assert seen == {"", "good", "still"}


def test_the_staff_see_as_wins_of_a_whether_a_was_chosen(folder: Path) -> None:
    study = open_study(load_bundle(folder), clock=Clock())
    bundle, app, said, choices = study.bundle, create_app(study), {}, cycle(["a", "b", "none"])
    windows.reset()
    someone = new_visitor(app, study)
    someone.get("/consent")
    someone.post(choice="agree")
    someone.post()
    someone.post("/quiz", **QUIZ)
    while someone.last.request.path.startswith("/items"):
        study.clock.now += 9  # who is faster does not count, as those of the other tests
        ticket = re.search('name="ticket" value="(.*?)"', someone.last.text)[1]
        sources = bundle.sources[study.links.read_ticket(ticket).item_id]
        right = bundle.task.truth(sources, random.Random(0))["which"]
        if sources not in said:
            said[sources] = right if sources[0].check else next(choices)
        someone.post(which=said[sources])
    said = {sources: which for sources, which in said.items() if not sources[0].check}
    wins = {"a": "1.00", "b": "0.00", "none": "0.50"}
    page = signed_in(app, study).get("/admin/items").text
    study.store.close()
    windows.reset()
    rows = [re.findall("<td.*?>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", page)]
    shown = {tuple(row[:6]): row[-1] for row in rows if row and row[-1][0].isdigit()}
    assert shown == {
        tuple(str(part) for s in sources for part in (s.generator, s.method, s.direction)): wins[w]
        for sources, w in said.items()
    }
