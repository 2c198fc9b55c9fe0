"""Coming from a recruiting service and going back to it, in its frame too; and withdrawing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import func, select

from study_server.bundle import load_bundle
from study_server.models import Erasure, Judgment
from study_server.platform_file import read_platform
from study_server.served import Served, open_study

from .conftest import PATIENCE, Site, begin, clear, practise
from .test_accessibility import check

NUMBER = "5f3c1e2a9b7d4c6e8f0a1b2c"
SUBMIT = "https://workersandbox.mturk.com"
MTURK = f"workerId=A1B2C3D4E5F6G7&assignmentId=3TE22NPX&hitId=H1&turkSubmitTo={SUBMIT}"


@pytest.fixture
def serve(
    browser_bundle: Path, tmp_path: Path, start: Callable[[Served], Site]
) -> Callable[..., Site]:
    """A site whose study.toml has this [platform]."""

    def serve(**table: object) -> Site:
        folder = shutil.copytree(browser_bundle, tmp_path / "study")
        bundle = load_bundle(folder)
        settings = replace(bundle.settings, platform=read_platform(table, folder))
        return start(open_study(replace(bundle, settings=settings)))

    return serve


@pytest.mark.parametrize("scripts", [True, False])
def test_the_last_page_leads_back_by_itself(
    browser: Browser,
    serve: Callable[..., Site],
    monkeypatch: pytest.MonkeyPatch,
    scripts: bool,
) -> None:
    monkeypatch.setattr("study_server.visit.LEAVE", 2)
    site = serve(kind="prolific", codes={"completed": "CDONE", "screened_out": "COUT"})
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    context.route("https://app.prolific.com/**", lambda route: route.fulfill(body="Prolific"))
    page.goto(f"{site.base}/open/{site.study.links.open()}?PROLIFIC_PID={NUMBER}")
    page.click(".actions .primary")
    page.click("button[value=agree]")
    page.click(".actions .primary")
    practise(page.click, 0, 1, 2, 1, consistent_1="yes")
    page.wait_for_url("**/failed")
    assert page.locator("output").inner_text() == "COUT"
    page.wait_for_url("https://app.prolific.com/submissions/complete?cc=COUT")
    page.go_back()
    page.click("text=Stay on this page")
    page.wait_for_timeout(3_000)
    assert page.url.startswith(f"{site.base}/failed")
    page.click(".button.primary")
    page.wait_for_url("https://app.prolific.com/submissions/complete?cc=COUT")
    context.close()


def test_mturk_shows_the_study_in_its_frame(page: Page, serve: Callable[..., Site]) -> None:
    site = serve(kind="mturk", codes={"screened_out": "COUT"})
    page.set_default_timeout(PATIENCE)
    link = f"{site.base}/open/{site.study.links.open()}"
    sent: list[str] = []

    def taken(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(body="Thank you", content_type="text/html")

    page.route(f"{SUBMIT}/mturk/externalSubmit", taken)
    page.route(
        "https://worker.mturk.com/task",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<iframe src="{link}?{MTURK}" width=1000 height=900 '
            'allow="local-network-access"></iframe>',
        ),
    )
    # A page of the internet may not show one of this machine, which is no matter of ours.
    page.context.grant_permissions(["local-network-access"], origin="https://worker.mturk.com")
    page.goto("https://worker.mturk.com/task")
    frame = page.frames[1]
    # A click into a frame does not wait for the page that it leads to, and a mouse's may miss one
    # that is still moving.
    press = partial(frame.dispatch_event, type="click")
    press(".actions .primary")
    press("button[value=agree]")
    frame.wait_for_url("**/instructions")
    press(".actions .primary")
    practise(press, 0, 1, 2, 1, consistent_1="yes")
    press("text=Hand in the task")
    expect(frame.locator("body")).to_have_text("Thank you")
    assert parse_qs(sent[0]) == {"assignmentId": ["3TE22NPX"], "code": ["COUT"]}


def test_withdrawing_takes_along_what_the_browser_kept(browser: Browser, site: Site) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    begin(page, site.link())
    clear(page, "1")
    page.wait_for_url("**/items/1")
    kept = f"study-answer-{site.study.bundle.study}"
    page.click("text=Withdraw from the study")
    page.evaluate(
        "k => localStorage.setItem(k, JSON.stringify({url: '/items/1', body: 'x=1'}))", kept
    )
    page.reload()
    check(page)
    assert page.evaluate("k => localStorage.getItem(k)", kept)  # not sent while they think
    page.click("text=Withdraw and delete my answers")
    page.wait_for_url("**/withdrawn")
    expect(page.locator("h1")).to_have_text("You have withdrawn")
    check(page)
    assert page.evaluate("k => localStorage.getItem(k)", kept) is None
    with site.study.store.read() as db:
        assert db.execute(select(func.count(Judgment.id))).scalar_one() == 0
        assert db.execute(select(Erasure.answers)).scalar_one() == 1
    context.close()


def test_pages_before_and_after_pass_the_checks(
    browser: Browser, serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = serve(kind="mturk", codes={"no_consent": "CNO"})
    context = browser.new_context(bypass_csp=True, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    link = f"{site.base}/open/{site.study.links.open()}"
    page.goto(f"{link}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE")
    check(page)
    monkeypatch.setattr("study_server.counting.is_full", lambda *_, **__: True)
    page.goto(f"{link}?{MTURK}")
    expect(page.locator("h1")).to_have_text("研究人数已满")
    check(page)
    context.close()
