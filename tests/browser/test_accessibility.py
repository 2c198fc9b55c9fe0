"""axe finds no serious fault on any page: light and dark, in every language, and for the staff."""

from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from study_server.served import Served

from .conftest import PATIENCE, Site
from .walk import every_page, spoken_site

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


@pytest.fixture
def spoken(browser_bundle: Path, tmp_path: Path, start: Callable[[Served], Site]) -> Site:
    return spoken_site(browser_bundle, tmp_path / "study", start)


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


READERS = [
    ("light", "en-US"),
    ("dark", "zh-CN"),
    ("light", "ar-EG"),
    *(
        pytest.param(scheme, locale, marks=pytest.mark.slow)
        for scheme, locale in (
            ("dark", "de-DE"),
            ("light", "es-ES"),
            ("dark", "fr-FR"),
            ("light", "ja-JP"),
            ("dark", "ar-EG"),
        )
    ),
]


@pytest.mark.parametrize(("scheme", "locale"), READERS)
def test_every_page_of_the_annotator(
    browser: Browser, spoken: Site, scheme: str, locale: str
) -> None:
    context = browser.new_context(color_scheme=scheme, locale=locale, bypass_csp=True)
    page = context.new_page()
    for _ in every_page(page, spoken):
        assert page.locator("html").get_attribute("lang") == locale[:2]
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
    page.goto(f"{site.base}/admin/invitations/")
    page.fill("input[name=count]", "10")
    page.click("button:text-is('Invite')")
    page.wait_for_selector("#link-10")
    check(page)  # by now the tables name annotators
    page.locator("a:has-text('QR')").first.click()
    page.wait_for_selector(".qr svg")
    check(page)
    page.goto(f"{site.base}/admin/")
    page.fill("form[action*=raise] [name=reason]", "wider than planned")
    page.click("button:text-is('Ask for more')")
    page.wait_for_selector("button:text-is('Raise it')")
    check(page)
    for path in ("/admin/", "/admin/items", "/admin/annotators", "/admin/invitations/"):
        for who in ("", "?who=simulated"):
            page.goto(site.base + path + who)
            check(page)
    page.goto(f"{site.base}/admin/")
    page.click("button[value=paused]")
    page.wait_for_selector("button[value=open]")
    check(page)
    context.close()
