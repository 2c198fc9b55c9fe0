"""The staff's tables fit: on a phone and on a laptop, whatever stands in them."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from study_server import annotators
from study_server.models import Annotator, Judgment
from study_server.simulate import Bot, take_part

from .conftest import PATIENCE, Site

WIDE = """[...document.querySelectorAll('.table')].map(t => t.scrollWidth - t.clientWidth)"""
CUT = """[...document.querySelectorAll('td.flag')].filter(cell => {
    const box = cell.closest('.table').getBoundingClientRect();
    return cell.getBoundingClientRect().right > box.right || cell.scrollWidth > cell.clientWidth;
}).length"""


@pytest.fixture
def judged(site: Site) -> Site:
    """With annotators who break rules and have the longest numbers that services give."""
    study = site.study
    tokens = annotators.invite(study.store, study.links, 3, study.clock(), "straight")
    for number, token in enumerate(tokens):
        bot = Bot("straight", random.Random(number), study.bundle.sources, study.bundle.task)
        take_part(site.base, token, bot, list(study.bundle.lessons), study.links)

    def as_people(db) -> None:
        for number in range(3):
            values = {"simulated": "", "outside_id": f"PROLIFIC_PID:{number:024x}"}
            db.execute(update(Annotator).where(Annotator.id == number + 1).values(values))
        db.execute(update(Judgment).values(simulated=False))

    study.store.write(as_people)
    return site


def sign_in(page: Page, site: Site) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site.base}/admin/")
    page.fill("input[type=password]", password(site.study.bundle.folder))
    page.click("main .primary")
    page.wait_for_url("**/admin/")


def password(folder: Path) -> str:
    return (folder / "private" / "password.txt").read_text()


SPILT = """[...document.querySelectorAll('.tile')].filter(t => {
    const range = document.createRange();
    range.selectNodeContents(t.querySelector('dd'));
    const inside = t.getBoundingClientRect().right - parseFloat(getComputedStyle(t).paddingRight);
    return Math.ceil(range.getBoundingClientRect().right) > Math.ceil(inside) + 1;
}).length"""


@pytest.mark.parametrize("width", [1280, 390])
def test_links_are_copied_and_named(browser: Browser, site: Site, width: int) -> None:
    size = {"width": width, "height": 800}
    context = browser.new_context(viewport=size, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, site)
    assert page.evaluate(SPILT) == 0  # of a study that nobody judged: "undefined" is in its tile
    page.click("text=Personal links >> nth=0")
    page.fill("textarea[name=names]", "Ada Lovelace\nBen of the second floor")
    page.fill("input[name=count]", "3")
    page.click("text=Invite")
    page.wait_for_selector("text=Ada Lovelace")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 1280:
        assert page.evaluate(WIDE) == [0]
    link = page.locator("#link-2").inner_text()
    page.locator("button[data-copies='link-2']").click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == link
    page.locator("a:has-text('QR')").nth(1).click()
    page.wait_for_selector("h1:has-text('Ben of the second floor')")
    box = page.locator(".qr svg").bounding_box()
    assert 200 < box["width"] == box["height"] < width
    assert page.locator("#link").inner_text() == link
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_tables_fit(browser: Browser, judged: Site, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    sign_in(page, judged)
    assert page.evaluate(WIDE)[0] == 0  # the annotators by stage
    page.goto(f"{judged.base}/admin/annotators")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("td.flag", has_text="median_seconds").count() == 3
    assert page.evaluate(CUT) == 0
    if width == 1280:
        assert page.evaluate(WIDE) == [0]
    page.close()
