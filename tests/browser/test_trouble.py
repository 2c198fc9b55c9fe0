"""What goes wrong for real people: killed browsers, lost connections, two tabs, double clicks."""

from contextlib import suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, BrowserType, Error, Page, expect

from .conftest import Site, begin, clear


def test_resume_after_the_browser_is_killed(
    browser_type: BrowserType, browser_type_launch_args: dict, site: Site, tmp_path: Path
) -> None:
    link = site.link()
    context = browser_type.launch_persistent_context(
        tmp_path / "profile", **browser_type_launch_args
    )
    page = context.new_page()
    begin(page, link)
    clear(page, "1")
    page.wait_for_url("**/items/1")
    page.keyboard.press("y")  # half an answer
    with suppress(Error):  # the browser is gone before it could answer
        page.context.new_cdp_session(page).send("Browser.crash")
    again = browser_type.launch_persistent_context(tmp_path / "again", **browser_type_launch_args)
    page = again.new_page()
    page.goto(link)
    page.wait_for_url("**/items/1")
    assert page.locator("input[name=consistent]:checked").count() == 0
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/2")
    again.close()
    assert [row.answer["consistent"] for row in site.judgments()] == [True, False]


def test_an_answer_given_offline_arrives_exactly_once(
    page: Page, context: BrowserContext, site: Site
) -> None:
    begin(page, site.link())
    context.set_offline(True)
    clear(page, "2")
    expect(page.locator(".status")).to_contain_text("no connection")
    page.wait_for_timeout(1500)  # several tries fail
    assert site.judgments() == []
    page.keyboard.press("Enter")  # impatience changes nothing
    context.set_offline(False)
    page.wait_for_url("**/items/1")
    assert [row.category for row in site.judgments()] == ["colour"]
    page.goto(f"{site.base}/items/0")
    page.wait_for_timeout(300)
    assert len(site.judgments()) == 1


def test_an_answer_whose_confirmation_was_lost_is_not_doubled(page: Page, site: Site) -> None:
    """The server stores the answer, its reply is lost, the page sends again."""
    begin(page, site.link())
    tries = []

    def lose_the_first_reply(route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        tries.append(1)
        if len(tries) == 1:
            route.fetch()  # the server gets it
            return route.abort()
        return route.continue_()

    page.route("**/items/0", lose_the_first_reply)
    clear(page, "2")
    page.wait_for_url("**/items/1")
    assert len(tries) == 2
    assert len(site.judgments()) == 1


def test_an_answer_kept_by_a_closed_page_is_sent_by_the_next(
    page: Page, context: BrowserContext, site: Site
) -> None:
    begin(page, site.link())
    # Not set_offline: a page that is being closed is online again for a moment, and may send.
    page.evaluate("() => { window.fetch = () => Promise.reject(new Error('no network')) }")
    clear(page, "3")
    expect(page.locator(".status")).to_contain_text("no connection")
    page.close()
    assert site.judgments() == []
    new = context.new_page()
    new.goto(f"{site.base}/study")
    new.wait_for_url("**/items/1")
    assert [row.category for row in site.judgments()] == ["texture"]


def test_two_tabs(page: Page, context: BrowserContext, site: Site) -> None:
    begin(page, site.link())
    other = context.new_page()
    other.goto(page.url)
    clear(page, "1")
    page.wait_for_url("**/items/1")
    clear(other, "1")  # the same answer again
    other.wait_for_url("**/items/1")
    assert len(site.judgments()) == 1
    other.go_back()
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/2")
    other.wait_for_url("**/items/0")
    other.keyboard.type("yy2")  # another answer to the first item: a revision
    other.wait_for_url("**/items/2")
    rows = [(row.revision, row.category) for row in site.judgments()]
    assert rows == [(0, "geometry"), (0, ""), (1, "colour")]


def test_a_double_click_is_one_answer(page: Page, site: Site) -> None:
    begin(page, site.link())
    for name in ("consistent", "single"):
        page.locator(f"label:has(input[name={name}][value=no])").click()
    page.dblclick(".send", no_wait_after=True)
    page.wait_for_url("**/items/1")
    assert len(site.judgments()) == 1


def test_the_back_button_shows_what_was_answered(page: Page, site: Site) -> None:
    begin(page, site.link())
    clear(page, "1")
    page.wait_for_url("**/items/1")
    page.go_back()
    page.wait_for_url("**/items/0")
    expect(page.locator("input[name=category][value=geometry]")).to_be_checked()
    assert len(site.judgments()) == 1


def test_who_lost_the_session_finds_a_way_on(
    page: Page, context: BrowserContext, site: Site
) -> None:
    link = site.link()
    begin(page, link)
    context.clear_cookies()
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("open your personal link")
    page.go_back()
    page.reload()
    expect(page.locator("main")).to_contain_text("open your personal link")
    page.goto(link)
    page.wait_for_url("**/items/0")
    context.clear_cookies()
    other = context.new_page()
    other.goto(link)  # in another tab; the first one has the form of a session that is gone
    other.wait_for_url("**/items/0")
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("reload the page")
    page.go_back()
    page.reload()
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/1")
    assert len(site.judgments()) == 1
