"""What a judgment costs: presses, scrolling, and what is fetched; at four sizes of window."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from study_server.bundle import load_bundle
from study_server.bundle_writer import write_bundle
from study_server.served import Served, open_study
from study_server.tasks import Pairs
from tests.study_server.blobs import SETTINGS, strips

from .conftest import Site, begin, clear


class Size(NamedTuple):
    """A window. clear, unclear: pixels that the page may move for an answer of two yes and one of
    two no; pair: for one of two sets."""

    width: int
    height: int
    clear: int
    unclear: int
    pair: int

    @property
    def small(self) -> bool:
        return min(self.width, self.height) < 500


PHONE = Size(360, 640, clear=400, unclear=60, pair=250)
ASIDE = Size(812, 375, clear=150, unclear=0, pair=60)
LAPTOP = Size(1366, 650, clear=0, unclear=0, pair=0)
DESK = Size(1920, 1080, clear=0, unclear=0, pair=0)
ZOOMED = Size(683, 325, clear=250, unclear=40, pair=150)  # the laptop at 200%
SIZES = [PHONE, ASIDE, LAPTOP, DESK, ZOOMED]
MOST_BYTES = 200_000  # of one item: its page and its pictures, the small ones of the blobs

WATCH = """() => {
  window.moved = 0; let at = scrollY;
  addEventListener("scroll", () => { moved += Math.abs(scrollY - at); at = scrollY; });
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll(
  "main button, main .button, .choice > span, main input[type=text], input[type=range]")]
.filter((one) => one.offsetParent && one.getBoundingClientRect().height < 32)
.map((one) => one.outerHTML.slice(0, 80))"""
BYTES = """() => [...performance.getEntriesByType("resource"),
  ...performance.getEntriesByType("navigation")]
.filter((one) => !one.name.includes("/static/"))
.reduce((sum, one) => sum + one.encodedBodySize, 0)"""
PAINT = """() => Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime)"""


@pytest.fixture(params=SIZES, ids=lambda size: f"{size.width}x{size.height}")
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Page, Size]]:
    size: Size = request.param
    context = browser.new_context(
        viewport={"width": size.width, "height": size.height},
        has_touch=size.small,
        is_mobile=size.small,
        reduced_motion="reduce",
    )
    yield context.new_page(), size
    context.close()


def seen(page: Page, selector: str, height: int) -> bool:
    """Whether all of it is in the window."""
    box = page.locator(selector).bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height + 1


def moved(page: Page, *choices: str) -> int:
    """Pixels that the page moves while these are chosen and the answer is sent, by mouse."""
    page.wait_for_load_state("networkidle")
    page.evaluate(WATCH)
    for choice in choices:
        page.locator(f"label:has(input{choice})").click()
    page.wait_for_timeout(100)  # a scroll is told in the next frame
    page.locator(".send").scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    pixels = int(page.evaluate("moved"))
    with page.expect_navigation():
        page.click(".send")
    return pixels


def answers(word: str) -> tuple[str, ...]:
    return tuple(f"[name={name}][value={word}]" for name in ("consistent", "single"))


def test_pictures_and_questions_are_seen_together(window: tuple[Page, Size], site: Site) -> None:
    page, size = window
    begin(page, site.link())
    page.wait_for_load_state("networkidle")
    assert page.evaluate(BYTES) < MOST_BYTES
    print(f"first paint at {size.width}x{size.height}: {page.evaluate(PAINT)} ms")
    assert page.evaluate("document.documentElement.scrollWidth") <= size.width
    assert page.evaluate(SMALL_TARGETS) == []
    assert seen(page, ".strips li:last-child", size.height)  # all that is to be judged,
    assert seen(page, ".asked-consistent", size.height)  # the first question, and the way on
    assert seen(page, ".send", size.height)
    assert moved(page, *answers("no")) <= size.unclear
    page.wait_for_url("**/items/1")
    yes = moved(page, *answers("yes"), "[name=category][value=texture]")
    assert yes <= size.clear
    page.wait_for_url("**/items/2")
    for choice in answers("yes"):
        page.locator(f"label:has(input{choice})").click()
    assert seen(page, ".send", size.height)  # also with all questions open
    if size in (LAPTOP, DESK):
        assert seen(page, ".asked-category", size.height)
        assert seen(page, ".frames", size.height)


def test_a_judgment_in_three_presses_and_a_clear_one_in_four_beside_its_name(
    page: Page, site: Site
) -> None:
    begin(page, site.link())
    for number, keys in enumerate((["n", "n", "Enter"], ["y", "n", "Enter"])):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**/items/{number + 1}")
    for key in ("y", "y", "1", "Enter", "2"):  # the digit is a letter of the name
        page.keyboard.press(key)
    page.wait_for_url("**/items/3")
    clear(page, "1", name="")
    page.wait_for_url("**/items/4")
    clear(page, "2", name="size")
    page.wait_for_url("**/items/5")
    assert [list(row.answer.values()) for row in site.judgments()] == [
        [False, False],
        [True, False],
        [True, True, "1", "colour"],
        [True, True, "geometry"],
        [True, True, "size", "colour"],
    ]


def test_small_pictures_become_larger_by_a_tap_and_stay_so(browser: Browser, site: Site) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    begin(page, site.link())

    def width() -> float:
        return float(page.locator(".frame").first.bounding_box()["width"])

    before = width()
    page.tap(".frames")
    assert width() > 1.8 * before
    assert page.locator(".larger").get_attribute("aria-pressed") == "true"
    page.keyboard.type("nn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/1")
    assert width() > 1.8 * before
    page.tap(".larger")
    assert width() == before
    context.close()


def test_two_sets_on_any_window(
    window: tuple[Page, Size], tmp_path: Path, start: Callable[[Served], Site]
) -> None:
    page, size = window
    settings = tmp_path / "study.toml"
    settings.write_text(SETTINGS.format(ratings=9, items=4, repeats=0, checks=1), "utf-8")
    write_bundle(tmp_path / "study", strips(2, ("blobs-colour",)), settings, task=Pairs)
    site = start(open_study(load_bundle(tmp_path / "study")))
    page.goto(site.link())
    page.click("button[value=agree]")
    page.click(".actions .primary")
    for number, value in enumerate(("b", "a", "none")):
        page.locator(f"label:has(input[name=which-{number}][value={value}])").click()
        page.click(".actions .primary")
    page.wait_for_url("**/items/0")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= size.width
    assert page.evaluate(SMALL_TARGETS) == []
    assert moved(page, "[value=a]") <= size.pair
