"""In any language nothing is cut off, nothing is left in English, and nothing given is lost."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from playwright.sync_api import Browser, Page, expect

from study_server import sentences
from study_server.bundle_writer import write_bundle
from study_server.sentences import LANGUAGES, texts
from study_server.served import Served
from study_server.tasks import Pairs
from tests.study_server.blobs import SETTINGS, strips

from .conftest import PATIENCE, Site, begin, clear
from .test_pairs import begin as compare
from .walk import every_page, spoken_site

ACCENTS = str.maketrans("aceinosuyACEIOSUY", "åçéîñøšüýÅÇÉÎØŠÜÝ")


def pseudo(text: str) -> str:
    """The same in brackets, 40% longer, with an accent on each letter that can have one."""
    more = " more" * (1 + len(text) // 12)
    parts = re.split(r"({\w+})", text + more)
    return f"⟦{''.join(p if p[:1] == '{' else p.translate(ACCENTS) for p in parts)}⟧"


def forget() -> None:
    texts.cache_clear()
    sentences._part.cache_clear()


@pytest.fixture
def in_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """German and Arabic are the pseudo-language; all else that is said would be in English."""
    folder = Path(
        shutil.copytree(Path(sentences.__file__).parent / "locales", tmp_path / "locales")
    )
    for path in (folder / language / "LC_MESSAGES" / "study.po" for language in ("de", "ar")):
        with path.open("rb") as file:
            catalog = read_po(file)
        for message in catalog:
            if message.context:
                many = not isinstance(message.id, str)
                said = pseudo(message.id[1] if many else message.id)
                message.string = (said,) * catalog.num_plurals if many else said
        with path.open("wb") as file:
            write_po(file, catalog)
    monkeypatch.setattr(sentences, "LOCALES", folder)
    forget()
    yield
    forget()


# What of a page is not in brackets: keys, links, codes, the names of languages, A and B.
UNBRACKETED = """() => {
  const found = [];
  const bare = (text) => text.replace(/⟦[^⟦⟧]*⟧/gu, "").match(/\\p{L}{2,}/u);
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, home = node.parentElement;
    const bare_ones = "script, style, kbd, .link, output, .languages summary, [name=language]";
    if (home.closest(bare_ones)) continue;
    if (bare(node.data)) found.push(node.data.trim());
  }
  for (const one of document.querySelectorAll("*"))
    for (const name of ["alt", "title", "aria-label", "placeholder", "aria-valuetext"])
      if (bare(one.getAttribute(name) || "")) found.push(`${name}: ${one.getAttribute(name)}`);
  return found;
}"""

# What sticks out of the window, or of the box that it belongs to.
CUT_OFF = """() => {
  const found = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`page: ${root.scrollWidth} > ${innerWidth}`);
  const unseen = (one) => one.closest(".unseen, .skip, .frame, [hidden], .choice input");
  const inside = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, home = node.parentElement;
    if (!node.data.trim() || unseen(home) || home.closest("script, details:not([open]) .menu"))
      continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    if (!text.width) continue;
    const box = home.closest("button, .button, .choice > span, .notice, .code, .example, main, "
      + "header, footer").getBoundingClientRect();
    if (!inside(text, box)) found.push(`${home.outerHTML.slice(0, 80)} sticks out`);
  }
  for (const one of document.querySelectorAll("body *")) {
    if (unseen(one) || getComputedStyle(one).overflowX === "visible") continue;
    if (one.matches("input, progress")) continue;
    if (one.scrollWidth > one.clientWidth + 1) found.push(`${one.outerHTML.slice(0, 80)} is cut`);
  }
  return found;
}"""


def pseudo_site(bundle: Path, folder: Path, start: Callable[[Served], Site], language: str) -> Site:
    """A study whose title and consent text are in the pseudo-language, too."""
    return spoken_site(
        bundle,
        folder,
        start,
        languages=(language, *(code for code in LANGUAGES if code != language)),
        title={language: pseudo("What changes in these pictures?")},
        consent={language: f"{pseudo('What?')} {{questions}}, {{time}}"},
        contact="",
        least_screen=300,
    )


def check_words(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    assert (name, page.evaluate(CUT_OFF)) == (name, [])
    assert (name, page.evaluate(UNBRACKETED)) == (name, [])


@pytest.mark.parametrize(
    ("language", "width"), [("de", 360), ("ar", 1280), ("de", 1280), ("ar", 360)]
)
@pytest.mark.usefixtures("in_brackets")
def test_nothing_is_cut_off_and_nothing_is_said_in_english_alone(
    browser: Browser,
    browser_bundle: Path,
    tmp_path: Path,
    start: Callable[[Served], Site],
    language: str,
    width: int,
) -> None:
    site = pseudo_site(browser_bundle, tmp_path / "study", start, language)
    context = browser.new_context(
        locale=language, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    page = context.new_page()
    seen = []
    for name in every_page(page, site):
        check_words(page, name)
        seen.append(name)
    assert len(seen) == 15
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.usefixtures("in_brackets")
def test_nor_is_it_where_two_sets_are_compared(
    browser: Browser, tmp_path: Path, start: Callable[[Served], Site], width: int
) -> None:
    settings = tmp_path / "study.toml"
    settings.write_text(SETTINGS.format(ratings=9, items=4, repeats=0, checks=1), "utf-8")
    write_bundle(tmp_path / "pairs", strips(2, ("blobs-colour",)), settings, task=Pairs)
    site = pseudo_site(tmp_path / "pairs", tmp_path / "study", start, "de")
    context = browser.new_context(
        locale="de", viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    compare(page, site)
    check_words(page, "item")
    page.goto(f"{site.base}/instructions")
    check_words(page, "instructions")
    context.close()


@pytest.fixture
def item(
    browser: Browser, browser_bundle: Path, tmp_path: Path, start: Callable[[Served], Site]
) -> Iterator[Page]:
    """The first item, in Arabic on a phone."""
    site = spoken_site(browser_bundle, tmp_path / "study", start)
    context = browser.new_context(locale="ar", viewport={"width": 390, "height": 844})
    page = context.new_page()
    begin(page, site.link())
    yield page
    context.close()


def test_rows_run_from_left_to_right_where_lines_run_from_right_to_left(item: Page) -> None:
    assert item.locator("html").get_attribute("dir") == "rtl"
    edges = """() => {
      const frame = document.querySelector(".frame").getBoundingClientRect();
      const film = document.querySelector(".frame img").getBoundingClientRect();
      const cursor = document.querySelector(".cursor").getBoundingClientRect();
      return [film.left - frame.left, film.right - frame.right, cursor.left];
    }"""
    slider, places = item.locator("input[type=range]"), []
    for key in ("Home", "End"):
        slider.press(key)
        places.append(item.evaluate(edges))
    (first, _, before), (_, last, after) = places
    assert (round(first), round(last)) == (0, 0)  # the first picture at the left end
    assert before < after
    slider.blur()
    item.keyboard.press("ArrowLeft")
    assert item.evaluate(edges)[2] < after
    legend = item.locator("legend").first.bounding_box()
    window = item.viewport_size
    assert window["width"] - legend["x"] - legend["width"] < legend["x"] + 40  # at the right


def test_what_was_chosen_and_typed_stays_in_another_language(item: Page) -> None:
    clear(item, "4")
    item.fill("input[name=category-other]", "sparkle")
    item.click(".languages summary")
    item.click("button[name=language][value=ja]")
    expect(item.locator("html")).to_have_attribute("lang", "ja")
    for value in ("consistent][value=yes", "single][value=yes", "category][value=other"):
        expect(item.locator(f"input[name={value}]")).to_be_checked()
    expect(item.locator("input[name=category-other]")).to_have_value("sparkle")


def test_a_narrow_window_is_told_before_the_consent_and_nothing_is_stored(
    browser: Browser, browser_bundle: Path, tmp_path: Path, start: Callable[[Served], Site]
) -> None:
    site = spoken_site(browser_bundle, tmp_path / "study", start, least_screen=700)
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, java_script_enabled=scripts
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        for link in (f"{site.base}/open/{site.study.links.open()}", site.link()):
            page.goto(link)
            expect(page.locator("main")).to_contain_text("at least 700 pixels wide")
            forward, notice = page.locator("form .primary"), page.locator("[data-least-screen]")
            if scripts:
                expect(notice).to_be_visible()
                expect(forward).to_be_disabled()
                page.set_viewport_size({"width": 700, "height": 844})
            expect(notice).to_be_hidden()
            expect(forward).to_be_enabled()
            page.set_viewport_size({"width": 390, "height": 844})
        context.close()
