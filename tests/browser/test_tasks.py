"""Users' own tasks in a real browser: one more question, and two directions on a page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from study_server.bundle import load_bundle
from study_server.bundle_writer import write_bundle
from study_server.served import Served, open_study
from study_server.tasks.choosing import task_class
from tests.study_server.blobs import SETTINGS, strips

from .conftest import PATIENCE, Site, begin
from .test_accessibility import check

PLUGINS = Path(__file__).parents[1] / "plugins"
SURE = f"{PLUGINS / 'third_question.py'}:Sure"
PAIRS = f"{PLUGINS / 'two_directions.py'}:Pairs"


@pytest.fixture
def serve(tmp_path: Path, start: Callable[[Served], Site]) -> Callable[[str], Site]:
    """Sites of small studies, by their task."""

    def serve(task: str) -> Site:
        settings = tmp_path / "study.toml"
        settings.write_text(SETTINGS.format(ratings=50, items=3, repeats=0.34, checks=1), "utf-8")
        folder = tmp_path / "study"
        write_bundle(folder, strips(1, ("blobs-colour",)), settings, task=task_class(task))
        return start(open_study(load_bundle(folder, task)))

    return serve


def test_a_question_more_by_keyboard(page: Page, serve: Callable[[str], Site]) -> None:
    site = serve(SURE)
    begin(page, site.link())
    expect(page.locator("legend:text('How sure are you?')")).to_be_visible()
    expect(page.locator(".asked-category")).to_be_hidden()
    page.keyboard.type("yy")
    expect(page.locator(".asked-category")).to_be_visible()
    page.keyboard.press("Enter")  # no name
    page.keyboard.type("1")  # not all is answered yet
    expect(page.locator(".asked-sure")).to_have_class("question asked-sure asked")
    page.keyboard.type("v")
    page.wait_for_url("**/items/1")
    page.keyboard.type("nno")
    page.wait_for_url("**/items/2")
    page.keyboard.press("Backspace")
    page.wait_for_url("**/items/1")
    expect(page.locator("input[name=sure][value=not]")).to_be_checked()
    assert [row.answer for row in site.judgments()] == [
        {"consistent": True, "single": True, "category": "geometry", "sure": "very"},
        {"consistent": False, "single": False, "sure": "not"},
    ]


def test_two_directions_side_by_side(page: Page, serve: Callable[[str], Site]) -> None:
    site = serve(PAIRS)
    page.set_default_timeout(PATIENCE)
    page.goto(site.link())
    page.click("button[value=agree]")
    expect(page.locator("main")).to_contain_text("choose the clearer one")
    page.click(".actions .primary")  # this task has no quiz
    page.wait_for_url("**/items/0")
    expect(page.locator(".compare")).to_have_text("Compare the two.")
    assert page.locator(".pictures h2").all_inner_texts() == ["A", "B"]
    films = page.locator(".frame img")
    assert films.count() == 8
    page.keyboard.press("ArrowRight")
    moved = set(films.evaluate_all("all => all.map(film => film.style.transform)"))
    assert len(moved) == 1
    check_page(page)
    page.keyboard.type("1")
    page.wait_for_url("**/items/1")
    page.locator("label:has(input[value=b])").click()
    page.click(".send")
    page.wait_for_url("**/items/2")
    assert [row.answer for row in site.judgments()] == [{"which": "a"}, {"which": "b"}]


def check_page(page: Page) -> None:
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


@pytest.mark.parametrize("task", [SURE, PAIRS], ids=["sure", "pairs"])
def test_their_pages_are_accessible_and_fit_a_phone(
    browser: Browser, serve: Callable[[str], Site], task: str
) -> None:
    site = serve(task)
    size = {"width": 360, "height": 740}
    context = browser.new_context(viewport=size, bypass_csp=True, java_script_enabled=True)
    page = context.new_page()
    if task == SURE:
        begin(page, site.link())
        page.keyboard.type("yy")
    else:
        page.set_default_timeout(PATIENCE)
        page.goto(site.link())
        page.click("button[value=agree]")
        check(page)
        page.click(".actions .primary")
        page.wait_for_url("**/items/0")
    check_page(page)
    check(page)
    page.evaluate("document.querySelector('form.answer').submit()")  # 422
    page.wait_for_selector(".fault")
    check(page)
    context.close()


def test_without_scripts_a_question_waits_for_its_answer(
    browser: Browser, serve: Callable[[str], Site]
) -> None:
    site = serve(SURE)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    begin(page, site.link())
    expect(page.locator(".asked-category")).to_be_hidden()
    for name, value in {"consistent": "yes", "single": "yes", "sure": "so_so"}.items():
        page.locator(f"label:has(input[name={name}][value={value}])").click()
    expect(page.locator(".asked-category")).to_be_visible()
    page.click(".send")
    expect(page.locator(".fault")).to_have_text("Please choose the kind of change.")
    page.locator("label:has(input[name=category][value=other])").click()
    page.fill("input[name=category-other]", "sparkle")
    page.click(".send")
    page.wait_for_url("**/items/1")
    (row,) = site.judgments()
    assert json.dumps(row.answer) == json.dumps(
        {"consistent": True, "single": True, "category": "sparkle", "sure": "so_so"}
    )
    context.close()
