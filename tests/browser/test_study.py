"""Whole studies in a real browser: by mouse, by keyboard, without scripts, on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from study_server.models import Annotator
from tests.study_server.conftest import QUIZ

from .conftest import PATIENCE, Site, begin, clear, position, practise


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"label:has(input[name={name}][value={value}])").click()


def finish_by_mouse(page: Page, total: int = 6) -> None:
    for number in range(total):
        choose(page, "consistent", "yes")
        choose(page, "single", "yes")
        choose(page, "category", "colour")
        page.click(".send")
        page.wait_for_url("**/done" if number == total - 1 else f"**/items/{number + 1}")


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    size = {"width": 360, "height": 740}
    context = browser.new_context(viewport=size, is_mobile=True, has_touch=True)
    yield context
    context.close()


def test_by_mouse(page: Page, site: Site) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    begin(page, site.link())
    finish_by_mouse(page)
    assert page.locator("output").inner_text()
    rows = site.judgments()
    assert len(rows) == 6
    assert all(row.answer["consistent"] and row.category == "colour" for row in rows)
    assert faults == []


def tab_to(page: Page, selector: str) -> None:
    """Reach an element with the Tab key alone."""
    target = page.locator(selector)
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {selector}")


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(site.link())
    tab_to(page, "button[value=agree]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions")
    tab_to(page, ".actions .primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quiz")
    for number, keys in enumerate(("yy", "nn")):  # as on the items
        page.wait_for_selector(f"input[name=consistent-{number}]", state="attached")
        page.wait_for_load_state()  # keys need the script
        page.keyboard.type(keys)
        page.keyboard.press("Enter")
    for name, key in (("consistent", "Space"), ("single", "ArrowDown")):  # as in any form
        tab_to(page, f"input[name={name}-2][value=yes]")
        page.keyboard.press("Space")
        if key != "Space":
            page.keyboard.press(key)
    tab_to(page, ".actions .primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/0")
    judgments = ["yy\n1", "yyny 1\n3", "nn\n", "ny\n", "yn\n", "yy\n2"]
    for number, keys in enumerate(judgments):
        assert number == 1 or len(keys) <= 4
        for key in keys:
            page.keyboard.press("Enter" if key == "\n" else key)
        page.wait_for_url("**/done" if number == 5 else f"**/items/{number + 1}")
    answers = [(*list(row.answer.values())[:2], row.category) for row in site.judgments()]
    assert answers == [
        (True, True, "geometry"),
        (True, True, "texture"),
        (False, False, ""),
        (False, True, ""),
        (True, False, ""),
        (True, True, "colour"),
    ]
    named = [row.answer.get("label") for row in site.judgments()]
    assert named == [None, "ny 1", None, None, None, None]  # in the field keys are letters


def test_back_and_edit_by_keyboard(page: Page, site: Site) -> None:
    begin(page, site.link())
    clear(page, "1")
    page.wait_for_url("**/items/1")
    page.keyboard.press("Backspace")
    page.wait_for_url("**/items/0")
    expect(page.locator("input[name=category][value=geometry]")).to_be_checked()
    page.keyboard.type("yy4")
    expect(page.locator("input[name=category-other]")).to_be_focused()
    page.keyboard.type("sparkle 1y")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/1")
    assert [(r.revision, r.category) for r in site.judgments()] == [
        (0, "geometry"),
        (1, "sparkle 1y"),
    ]


def test_without_scripts(plain: BrowserContext, site: Site) -> None:
    page = plain.new_page()
    begin(page, site.link())
    expect(page.locator(".stage")).to_be_hidden()
    assert page.locator(".strips img").count() == 4
    page.click(".send")  # nothing chosen: the browser or the server asks for it
    assert position(page) == 0
    finish_by_mouse(page)
    assert len(site.judgments()) == 6
    assert page.locator("output").inner_text()


def test_on_a_phone(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()

    def fits() -> None:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{page.url} is {width} px wide"
        small = page.evaluate(
            "[...document.querySelectorAll('button:not(.quiet), .button, .choice > span')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).length"
        )
        assert small == 0, f"{page.url} has buttons too small for a finger"

    page.set_default_timeout(PATIENCE)
    page.goto(site.link())
    fits()
    page.tap("button[value=agree]")
    page.wait_for_url("**/instructions")
    fits()
    page.tap(".actions .primary")
    page.wait_for_url("**/quiz")
    fits()
    for name, value in QUIZ.items():
        page.locator(f"label:has(input[name={name}][value={value}])").tap()
        if name.startswith("single"):
            fits()
            page.tap(".actions .primary")
    for number in range(6):
        page.wait_for_url(f"**/items/{number}")
        for name in ("consistent", "single"):
            page.locator(f"label:has(input[name={name}][value=yes])").tap()
        page.locator("label:has(input[name=category][value=texture])").tap()
        fits()
        page.tap(".send")
    page.wait_for_url("**/done")
    fits()
    assert len(site.judgments()) == 6


def test_the_slider_moves_all_rows(page: Page, site: Site) -> None:
    begin(page, site.link())
    films = page.locator(".frame img")
    assert films.count() == 4

    def places() -> set[str]:
        return set(films.evaluate_all("all => all.map(film => film.style.transform)"))

    start = places()
    page.keyboard.press("ArrowRight")
    moved = places()
    assert len(start) == len(moved) == 1
    assert start != moved
    assert page.locator("input[type=range]").get_attribute("aria-valuetext") == "Step 8 of 13"
    page.locator("input[type=range]").fill("0")
    assert places() == {"translateX(0%)"}
    page.locator(".strips li").first.click(position={"x": 5, "y": 5})
    assert page.locator("input[type=range]").input_value() == "0"
    page.keyboard.press("p")
    slider = page.locator("input[type=range]")
    expect(slider).to_have_js_property("value", "3")  # the site's policy forbids evaluated text
    page.keyboard.press("p")
    stopped = places()
    page.wait_for_timeout(400)
    assert places() == stopped
    loaded = films.evaluate_all("all => all.every(film => film.naturalWidth > 0)")
    assert loaded


def test_chinese_from_the_browser_s_own_language(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(site.link())
    assert page.locator("html").get_attribute("lang") == "zh"
    assert "开始之前" in page.locator("h1").inner_text()
    page.click("button[value=en]")
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


def test_another_language_keeps_what_was_chosen_and_typed(page: Page, site: Site) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(site.link())
    page.click("button[value=agree]")
    page.click(".actions .primary")
    choose(page, "consistent-0", "yes")
    page.click("button[value=zh]")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    chosen = page.locator("main input:checked").evaluate_all(
        "all => all.map(i => [i.name, i.value])"
    )
    assert chosen == [["consistent-0", "yes"]]
    practise(page.click, 0)
    page.click("button[value=en]")
    expect(page.locator("header")).to_contain_text("Example 2 of 3")  # no example is asked twice
    page.click("button[value=zh]")
    practise(page.click, 1, 2)
    page.wait_for_url("**/items/0")
    choose(page, "consistent", "yes")
    choose(page, "single", "yes")
    page.fill("input[name=label]", "spin <1>")
    page.click("button[value=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert position(page) == 0
    expect(page.locator("input[name=consistent][value=yes]")).to_be_checked()
    expect(page.locator("input[name=label]")).to_have_value("spin <1>")
    page.keyboard.press("3")  # the keys go on where they were
    page.wait_for_url("**/items/1")
    assert page.locator("main input:checked").count() == 0  # of another item nothing is kept
    (row,) = site.judgments()
    assert (row.category, row.answer["label"]) == ("texture", "spin <1>")


def test_another_language_without_scripts_loses_no_stored_answer(
    plain: BrowserContext, site: Site
) -> None:
    page = plain.new_page()
    begin(page, site.link())
    for name, value in (("consistent", "yes"), ("single", "no")):
        choose(page, name, value)
    page.click(".send")
    page.wait_for_url("**/items/1")
    page.click(".back")
    page.click("button[value=zh]")
    page.wait_for_url("**/items/0")
    expect(page.locator("input[name=single][value=no]")).to_be_checked()
    assert len(site.judgments()) == 1


def test_a_double_click_on_take_part_is_one_person(page: Page, site: Site) -> None:
    page.set_default_timeout(PATIENCE)
    link = f"{site.base}/open/{site.study.links.open()}?STUDY_ID=s"
    page.goto(link)
    page.dblclick("main .primary", no_wait_after=True)
    page.wait_for_url("**/consent")
    page.goto(link)
    page.wait_for_url("**/consent")
    with site.study.store.read() as db:
        assert len(list(db.scalars(select(Annotator.id)))) == 1
