"""axe finds no serious fault on any page: light and dark, in both languages, and for the staff."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.study_server.conftest import QUIZ

from .conftest import PATIENCE, Site

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def check(page: Page) -> None:
    """Fails with the names of serious and critical violations."""
    page.wait_for_load_state("networkidle")
    result = page.evaluate(AXE + "; axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (page.url, v["id"], [node["html"][:120] for node in v["nodes"]][:3])
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]
    assert result["passes"]
    assert serious == []


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-US"), ("dark", "zh-CN")])
def test_every_page_of_the_annotator(
    browser: Browser, site: Site, scheme: str, locale: str
) -> None:
    context = browser.new_context(color_scheme=scheme, locale=locale, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    for path in ("/", f"/open/{site.study.links.open()}", "/nowhere"):
        page.goto(site.base + path)
        check(page)
    page.goto(site.link())
    check(page)
    page.click("button[value=agree]")
    check(page)
    page.click(".actions .primary")
    check(page)
    for changes in ({"consistent-1": "yes"}, {}):
        for name, value in (QUIZ | changes).items():
            page.locator(f"label:has(input[name={name}][value={value}])").click()
        page.click(".actions .primary")
        page.wait_for_load_state()
        check(page)
    page.keyboard.type("yy")
    check(page)
    page.keyboard.type("4")
    check(page)
    page.evaluate("document.querySelector('form.answer').submit()")  # without its word: 422
    page.wait_for_selector(".fault")
    check(page)
    page.fill("input[name=category-other]", "sparkle")
    page.click(".send")
    for number in range(1, 6):
        page.wait_for_url(f"**/items/{number}")
        page.keyboard.type("nn")
        page.keyboard.press("Enter")
    page.wait_for_url("**/done")
    check(page)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_staff_s_pages(browser: Browser, site: Site, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site.base}/admin/")
    check(page)
    password = (site.study.bundle.folder / "private" / "password.txt").read_text()
    page.fill("input[type=password]", "guess")
    page.click(".primary")
    check(page)
    page.fill("input[type=password]", password)
    page.click(".primary")
    page.wait_for_url("**/admin/")
    page.click("button:text-is('Invite')")
    page.wait_for_selector(".links")
    check(page)  # by now the tables name annotators
    for path in ("/admin/", "/admin/items", "/admin/annotators"):
        for who in ("", "?who=simulated"):
            page.goto(site.base + path + who)
            check(page)
    page.goto(f"{site.base}/admin/")
    page.click("button[value=paused]")
    page.wait_for_selector("button[value=open]")
    check(page)
    context.close()
