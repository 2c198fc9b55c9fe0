"""Tables of a report that are wider than what shows them."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from benchmark.report.making import write_report
from tests.report.drawn import write_cell

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def wide_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report of many generators of long names, without pictures."""
    run = tmp_path_factory.mktemp("wide") / "run"
    for generator in ("a-generator-of-many-words", *(f"some-other-network-{i}" for i in range(5))):
        for method, skill in (("discovered", 0.7), ("coordinate", 0.4), ("random", 0.4)):
            write_cell(run, generator, method, 0, skill=skill)
    write_report(run)
    return Path(run / "report.html").as_uri()


def test_a_comparison_shows_difference_and_p_without_scrolling(
    browser: Browser, wide_address: str
) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(wide_address)
    cells = page.locator("#table-comparison th")
    texts = cells.all_inner_texts()
    place = page.locator("#table-comparison .scroll").bounding_box()
    for name in ("rca difference", "rca p\nadjusted"):
        (column,) = [
            i
            for i, text in enumerate(texts)
            if " ".join(text.split()).startswith(" ".join(name.split()))
        ]
        box = cells.nth(column).bounding_box()
        assert box["x"] + box["width"] <= place["x"] + place["width"]
    assert "all" in page.locator("#table-comparison tbody td:first-child").all_inner_texts()
    page.close()


def test_a_table_that_goes_on_says_so(browser: Browser, wide_address: str) -> None:
    page = browser.new_page(viewport=DESK)
    page.goto(wide_address)
    for block in page.locator(".table-block").all():
        goes_on = block.locator(".scroll").evaluate("one => one.scrollWidth > one.clientWidth + 1")
        expect(block.locator(".hint")).to_be_visible(visible=goes_on)
    expect(page.locator("#table-leaderboard .hint")).to_be_visible()
    page.close()


def test_on_a_phone_rows_are_cards(browser: Browser, wide_address: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(wide_address)
    for name in ("comparison", "leaderboard"):
        row = page.locator(f"#table-{name} tbody tr").first
        boxes = [cell.bounding_box() for cell in row.locator("td").all()]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        assert [box["y"] for box in boxes] == sorted({box["y"] for box in boxes})
        expect(page.locator(f"#table-{name} .hint")).to_be_hidden()
        assert row.get_attribute("role") == "row"
    place = page.locator("#table-comparison .scroll")
    for long in (False, True):  # of many rows, they scroll within their place
        place.evaluate("(one, long) => one.classList.toggle('long', long)", long)
        last = place.locator("tr").last.bounding_box()
        bottom = page.locator("#table-comparison .meaning").bounding_box()["y"]
        held = place.evaluate("one => getComputedStyle(one).overflowY") == "auto"
        assert held == long
        assert long or last["y"] + last["height"] <= bottom
    page.close()
