"""The report opens from disk, on a phone, by keyboard, in light and dark, and without scripts."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmark.core.json_files import write_json
from benchmark.report.making import write_report
from benchmark.report.pictures.painted import SHIFTS
from tests.report.drawn import draw_judged, write_cell, write_run

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


def pixels(page: Page, row: int = 0, lane: int = 0) -> list[int]:
    """What the canvas of one z shows."""
    return page.evaluate(
        """([row, lane]) => {
          const canvas = document.querySelectorAll(".lane")[lane].querySelectorAll("canvas")[row];
          const { width, height } = canvas;
          return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
        }""",
        [row, lane],
    )


def lane(page: Page, place: int = 0) -> Locator:
    """The first direction of the explorer, or the second."""
    return page.locator(".lane").nth(place)


def test_it_asks_for_nothing_but_itself(page: Page, told: list[str], address: str) -> None:
    lane(page).locator("select[name=direction]").focus()
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
    assert "eps \N{MINUS SIGN}6" in (lane(page).locator(".stage").get_attribute("aria-label") or "")
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
    direction = lane(page).locator("select[name=direction]")
    facts = lane(page).locator(".facts")
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
    lane(page).locator("select[name=method]").select_option("random")
    expect(lane(page).locator(".whole img")).to_have_attribute(
        "alt", "Direction 0 of random on planted: each row one z, moved from eps -6 to +6"
    )
    direction.select_option("3")
    expect(facts).to_contain_text("<script>alert('x')</script>")


def test_two_stand_side_by_side_of_the_same_z_at_the_same_shift(
    page: Page, told: list[str]
) -> None:
    expect(lane(page, 1)).to_be_hidden()
    page.get_by_role("button", name="Two side by side").click()
    expect(lane(page, 1).locator("select[name=method]")).to_have_value("random")
    page.wait_for_function("[...document.querySelectorAll('.whole img')].every(i => i.complete)")
    boxes = [lane(page, place).bounding_box() for place in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    lane(page).locator(".whole").click(position={"x": 3, "y": 3})
    expect(page.locator("output")).to_have_text("eps \N{MINUS SIGN}6")
    assert pixels(page) != pixels(page, 0, 1)
    lane(page, 1).locator("select[name=method]").select_option("discovered")
    page.wait_for_function("[...document.querySelectorAll('.whole img')].every(i => i.complete)")
    lane(page, 1).locator("select[name=direction]").select_option("3")
    lane(page).locator("select[name=direction]").select_option("3")
    page.wait_for_timeout(300)
    assert pixels(page, 2) == pixels(page, 2, 1)


def test_other_seeds_can_be_chosen(page: Page, told: list[str]) -> None:
    seed = lane(page).locator("select[name=seed]")
    assert seed.locator("option").all_text_contents() == ["0", "1"]
    before = lane(page).locator(".whole img").get_attribute("src")
    seed.select_option("1")
    assert lane(page).locator(".whole img").get_attribute("src") != before
    expect(page.locator(".explorer .link")).to_have_attribute("href", re.compile("seed=1"))


def test_another_generator_shows_its_own_methods_and_pictures(page: Page, tmp_path: Path) -> None:
    cells = [("planted", "discovered"), ("twin", "discovered"), ("twin", "random")]
    for generator, method in cells:
        write_cell(tmp_path, generator, method, 0, k=4)
    write_json(tmp_path / "run.json", {"generators": {"twin": "planted"}})
    write_report(tmp_path)
    page.goto((tmp_path / "report.html").as_uri())
    page.locator("select[name=generator]").select_option("twin")
    method = lane(page).locator("select[name=method]")
    assert method.locator("option").all_text_contents() == ["discovered", "random"]
    for name in ("random", "discovered"):
        method.select_option(name)
        own = page.locator(f".chapter[data-generator=twin][data-method={name}] figure img").first
        shown = lane(page).locator(".whole img")
        expect(shown).to_have_attribute("alt", own.get_attribute("alt") or "")
        expect(shown).to_have_attribute("src", own.get_attribute("src") or "")
        link = page.locator(".explorer .link")
        expect(link).to_have_attribute("href", re.compile("generator=twin&"))
    page.locator("select[name=generator]").select_option("planted")
    assert method.locator("option").all_text_contents() == ["discovered"]
    expect(shown).to_have_attribute("alt", re.compile("of discovered on planted:"))


def test_arrow_keys_change_shift_and_direction(page: Page, told: list[str]) -> None:
    expect(page.get_by_text("Keys:")).to_be_visible()
    page.locator(".explorer").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("output")).to_have_text("eps +1.5")
    page.keyboard.press("ArrowDown")
    expect(lane(page).locator(".facts")).to_contain_text("place 2 of 8")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # there is none before the first
    expect(lane(page).locator(".facts")).to_contain_text("place 1 of 8")
    page.get_by_label("Shift").focus()
    page.keyboard.press("ArrowDown")  # of the direction, here too
    expect(lane(page).locator(".facts")).to_contain_text("place 2 of 8")
    expect(page.locator("output")).to_have_text("eps +1.5")


def test_the_address_leads_back_to_what_is_shown(
    page: Page, told: list[str], browser: Browser
) -> None:
    assert "#" not in page.url
    page.get_by_role("button", name="Two side by side").click()
    lane(page).locator("select[name=direction]").select_option("5")
    lane(page, 1).locator("select[name=direction]").select_option("2")
    page.locator(".explorer").focus()
    page.keyboard.press("ArrowLeft")
    address = page.url
    assert address.endswith(
        "#generator=planted&method=discovered&seed=0&direction=5&eps=-1.5"
        "&beside-method=random&beside-seed=0&beside-direction=2"
    )
    assert page.locator(".explorer .link").get_attribute("href") == f"#{address.partition('#')[2]}"
    other = browser.new_page()
    other.goto(address)
    expect(other.locator("output")).to_have_text("eps \N{MINUS SIGN}1.5")
    expect(lane(other).locator("select[name=direction]")).to_have_value("5")
    expect(lane(other, 1).locator("select[name=direction]")).to_have_value("2")
    expect(lane(other, 1).locator("select[name=method]")).to_have_value("random")
    expect(other.locator(".explorer")).to_be_in_viewport()
    other.goto(address.partition("#")[0] + "#generator=planted&method=random&direction=99")
    expect(lane(other).locator(".facts")).to_contain_text(
        "What the link asks for is not on this page"
    )
    other.goto(address)
    expect(lane(other).locator(".facts")).to_contain_text("Direction 5")
    other.goto(address.partition("#")[0] + "#generator=gone&direction=1")
    expect(lane(other).locator("select[name=direction]")).to_have_value("5")  # as it was
    other.close()


def test_on_paper_tables_fit_the_page(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 794, "height": 1123})  # A4
    page.emulate_media(media="print")
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    expect(page.locator(".explorer")).to_be_hidden()
    expect(page.locator("#table-rca table")).to_be_visible()
    page.close()


def test_glance_bars_share_one_scale(page: Page, told: list[str]) -> None:
    marks = page.locator(".card").first.locator("svg text").all_text_contents()
    assert marks == ["0", "0.25", "0.5", "0.75", "1"]
    for bar in page.locator(".methods .interval").all():
        words = bar.get_attribute("aria-label") or ""
        value, low, high, chance = map(float, re.findall(r"\d\.\d+", words.replace("95%", "")))
        drawn = float(bar.locator("rect").get_attribute("width") or "nan")
        assert drawn == pytest.approx(300 * value, abs=0.2)
        ends = re.findall(r"M([\d.]+)", bar.locator(".range").get_attribute("d") or "")
        assert [float(end) for end in ends[:2]] == pytest.approx([300 * low, 300 * high], abs=0.2)
        (mark,) = re.findall(r"M([\d.]+)", bar.locator(".chance").get_attribute("d") or "")
        assert float(mark) == pytest.approx(300 * chance, abs=0.2)


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
