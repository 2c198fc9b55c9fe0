"""The pairs task in a real browser: beside each other or below, by one key, in both languages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from study_server.bundle import load_bundle
from study_server.bundle_writer import write_bundle
from study_server.served import Served, open_study
from study_server.tasks import Pairs
from study_server.tasks.pairs import WHICH
from tests.study_server.blobs import SETTINGS, strips

from .conftest import PATIENCE, Site
from .test_accessibility import check
from .test_tasks import check_page

BOXES = """[...document.querySelectorAll("section.pictures")]
.map(one => one.getBoundingClientRect().toJSON())"""


@pytest.fixture
def site(tmp_path: Path, start: Callable[[Served], Site]) -> Site:
    settings = tmp_path / "study.toml"
    settings.write_text(SETTINGS.format(ratings=9, items=4, repeats=0, checks=1), "utf-8")
    write_bundle(tmp_path / "study", strips(2, ("blobs-colour",)), settings, task=Pairs)
    return start(open_study(load_bundle(tmp_path / "study")))


def begin(page: Page, site: Site) -> None:
    """To the first item; the quiz is passed."""
    page.set_default_timeout(PATIENCE)
    page.goto(site.link())
    page.click("button[value=agree]")
    assert page.locator(".example h3").all_inner_texts() == ["A", "B"] * 2
    check(page)
    page.click(".actions .primary")
    page.wait_for_url("**/quiz")
    for number, value in enumerate(("b", "a", "none")):
        page.wait_for_selector(f"input[name=which-{number}]", state="attached")
        check(page)
        page.keyboard.press(value[0])  # the same key as on the items
    page.wait_for_url("**/items/0")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_two_sets_and_one_key(browser: Browser, site: Site, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    begin(page, site)
    one, other = page.evaluate(BOXES)
    if width > 1000:
        assert one["top"] == other["top"]
        assert one["right"] < other["left"]
        send = page.locator(".send").bounding_box()
        assert send["y"] + send["height"] <= height  # all of it is seen without scrolling
    else:
        assert one["bottom"] < other["top"]
        assert one["left"] == other["left"]
    check_page(page)
    check(page)
    for number, key in enumerate("abn"):
        page.keyboard.press(key)
        page.wait_for_url(f"**/items/{number + 1}")
    page.keyboard.press("Backspace")
    page.wait_for_url("**/items/2")
    assert page.locator("input[value=none]").is_checked()
    context.close()
    given = [row.answer["which"] for row in site.judgments()]
    assert given == ["a", "b", "none"]


def test_in_chinese(page: Page, site: Site) -> None:
    begin(page, site)
    page.click("button[name=language][value=zh]")
    page.wait_for_load_state()
    assert page.locator("legend").inner_text() == WHICH.say("zh", "ask") != WHICH.say("en", "ask")
    names = [WHICH.say("zh", choice) for choice in WHICH.choices]
    assert page.locator(".choice .name").all_inner_texts() == names
