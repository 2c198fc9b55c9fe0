"""Signs of life, the page to wait at, and answers that come sooner than anyone can look."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from sqlalchemy import select, update

from study_server.bundle import load_bundle
from study_server.models import Assignment, Judgment
from study_server.served import Served, open_study
from tests.study_server.test_assignment import newcomer

from .conftest import Site, begin, clear
from .test_accessibility import check


@pytest.fixture
def serve(
    browser_bundle: Path, tmp_path: Path, start: Callable[[Served], Site]
) -> Callable[..., Site]:
    """A site with other settings."""

    def serve(**settings: float) -> Site:
        folder = shutil.copytree(browser_bundle, tmp_path / "study")
        bundle = load_bundle(folder)
        changed = replace(bundle.settings, **settings)
        return start(open_study(replace(bundle, settings=changed)))

    return serve


def test_an_open_page_gives_signs_of_life(page: Page, serve: Callable[..., Site]) -> None:
    site = serve(sign_minutes=0.1)  # a sign every two seconds
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    signs: list[int] = []

    def heard(response: Response) -> None:
        if response.url.endswith("/items/sign"):
            signs.append(response.status)

    page.on("response", heard)
    begin(page, site.link())
    with page.expect_response("**/items/sign"):  # one more than the first, which is sent at once
        page.wait_for_timeout(500)
        assert signs[:1] == [204]
    assert set(signs) == {204}
    assert faults == []


def test_the_page_that_waits_goes_on_by_itself(
    browser: Browser, serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study_server.judging.LATEST", 1.0)  # seconds until it asks again
    site = serve(ratings_per_item=1)
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    lease_all(site, until=site.study.clock() + 1000)
    begin(page, site.link(), "**/items")
    expect(page.locator("h1")).to_have_text("Please wait a little")
    check(page)
    lease_all(site, until=0.0)
    page.wait_for_url("**/items/0")
    context.close()


def lease_all(site: Site, until: float) -> None:
    """Three people hold the three directions, until then."""
    ends = update(Assignment).values(lease_until=until)
    if until:
        for _ in range(3):
            newcomer(site.study)
    site.study.store.write(lambda db: db.execute(ends))


def test_an_answer_that_comes_too_soon_waits_in_the_page(
    page: Page, serve: Callable[..., Site]
) -> None:
    site = serve(least_seconds=2.0)
    codes: list[int] = []
    page.on("response", lambda response: codes.append(response.status))
    begin(page, site.link())
    clear(page, "1")
    page.wait_for_url("**/items/1")
    assert 422 not in codes
    with site.study.store.read() as db:
        (seconds,) = db.scalars(select(Judgment.seconds))
    assert seconds >= 2.0
