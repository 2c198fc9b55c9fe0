"""The report opens from disk, on a phone, by keyboard, in light and dark, and without scripts."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmark.report import write_report
from benchmark.report.pictures.painted import SHIFTS
from tests.report.drawn import draw_judged, write_run

from .test_accessibility import check

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = write_run(tmp_path_factory.mktemp("report") / "run")
    write_report(run, draw_judged(simulated=True))
    return Path(run / "report.html").as_uri()


@pytest.fixture
def told(page: Page, address: str) -> list[str]:
    """The page, open, and everything it asks for or complains about."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(address)
    return heard


def pixels(page: Page, row: int = 0) -> list[int]:
    """What the canvas of one z shows."""
    return page.evaluate(
        """row => {
          const canvas = document.querySelectorAll(".stage canvas")[row];
          const { width, height } = canvas;
          return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
        }""",
        row,
    )


def test_it_asks_for_nothing_but_itself(page: Page, told: list[str], address: str) -> None:
    page.get_by_label("Direction", exact=False).first.focus()
    others = [text for text in told if text != address and not text.startswith("data:")]
    assert others == []


def test_the_slider_moves_all_z_by_keyboard(page: Page, told: list[str]) -> None:
    slider = page.get_by_label("Shift")
    expect(page.locator("output")).to_have_text("eps 0")
    page.wait_for_function("document.querySelector('.whole img').complete")
    slider.focus()
    before = [pixels(page, row) for row in range(4)]
    for _ in range(SHIFTS // 2):
        page.keyboard.press("ArrowRight")
    expect(page.locator("output")).to_have_text("eps +6")
    after = [pixels(page, row) for row in range(4)]
    assert all(first != second for first, second in zip(before, after, strict=True))
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "eps \N{MINUS SIGN}6")
    assert "eps \N{MINUS SIGN}6" in (page.locator(".stage").get_attribute("aria-label") or "")
    for _ in range(SHIFTS // 2):
        page.keyboard.press("ArrowRight")
    assert [pixels(page, row) for row in range(4)] == before


def test_a_canvas_shows_its_part_of_the_strip(page: Page, told: list[str]) -> None:
    page.wait_for_function("document.querySelector('.whole img').complete")
    page.get_by_label("Shift").focus()
    page.keyboard.press("End")
    expected = page.evaluate(
        """(last) => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [256, 256];
          const strip = document.querySelector(".whole img");
          const context = canvas.getContext("2d");
          context.imageSmoothingQuality = "high";
          context.drawImage(strip, last * 32, 2 * 32, 32, 32, 0, 0, 256, 256);
          return [...context.getImageData(0, 0, 256, 256).data];
        }""",
        SHIFTS - 1,
    )
    assert pixels(page, 2) == expected


def test_choosing_and_sorting(page: Page, told: list[str]) -> None:
    direction = page.locator("select[name=direction]")
    facts = page.locator(".explorer .facts")
    expect(facts).to_contain_text("place 1 of 8")
    page.get_by_role("button", name="Next direction").click()
    expect(facts).to_contain_text("place 2 of 8")
    page.get_by_label("Sorted by").select_option(label="simulated MOS")
    texts = direction.locator("option").all_text_contents()
    scores = [float(t.split("simulated MOS ")[1][:4]) for t in texts if "simulated MOS" in t]
    assert scores == sorted(scores, reverse=True)
    assert "direction 6," in texts[-1]  # not judged
    page.get_by_label("Sorted by").select_option(label="collapse")  # 0.70 of the first, then more
    texts = direction.locator("option").all_text_contents()
    assert [int(t.split(",")[0].split()[1]) for t in texts] == list(range(7, -1, -1))
    assert "collapse 1.00" in texts[0]
    page.get_by_label("Sorted by").select_option(label="number")
    assert direction.input_value() == "0"
    expect(page.get_by_role("button", name="Previous direction")).to_be_disabled()
    page.locator("select[name=method]").select_option("random")
    expect(page.locator(".whole img")).to_have_attribute(
        "alt", "Direction 0 of random on planted: each row one z, moved from eps -6 to +6"
    )
    direction.select_option("3")
    expect(facts).to_contain_text("<script>alert('x')</script>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_it_fits_and_is_accessible(
    browser: Browser, address: str, scheme: str, size: dict[str, int]
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport=size, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate(overflow) <= 0
    check(page)
    context.close()


def test_without_scripts_the_strips_are_pictures(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".explorer")).to_be_hidden()
    expect(page.locator("#table-rca table")).to_be_visible()
    expect(page.locator("#figures img").first).to_be_visible()
    page.locator(".chapter summary").first.click()
    expect(page.locator(".chapter img").first).to_be_visible()
    context.close()
