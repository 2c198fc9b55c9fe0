"""An annotator's whole way through the site, page by page, in the browser's language."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from study_server.bundle import load_bundle
from study_server.sentences import LANGUAGES
from study_server.served import Served, open_study
from study_server.settings_file import read_settings

from .conftest import PATIENCE, Site, practise


def spoken_site(
    bundle: Path, folder: Path, start: Callable[[Served], Site], **settings: Any
) -> Site:
    """The study of `bundle`, copied to `folder`, in all languages, with the suite's title and
    consent text. settings: others that are changed."""
    shutil.copytree(bundle, folder)
    loaded = load_bundle(folder)
    with resources.as_file(resources.files("study_server").joinpath("study.toml")) as path:
        suite = read_settings(path)
    own = {"languages": LANGUAGES, "title": suite.title, "consent": suite.consent} | settings
    return start(open_study(replace(loaded, settings=replace(loaded.settings, **own))))


def every_page(page: Page, site: Site) -> Iterator[str]:
    """Leads to one page after the other, and says which it is."""
    page.set_default_timeout(PATIENCE)
    for name, path in (
        ("home", "/"),
        ("welcome", f"/open/{site.study.links.open()}"),
        ("error", "/nowhere"),
    ):
        page.goto(site.base + path)
        yield name
    page.goto(site.link())
    yield "consent"
    page.click("button[value=decline]")
    page.wait_for_url("**/declined")
    yield "declined"
    page.click(".actions .button")
    page.click("button[value=agree]")
    page.wait_for_url("**/instructions")
    yield "instructions"
    page.click("form.actions .primary")
    page.wait_for_url("**/quiz")
    yield "quiz"
    practise(page.click, consistent_1="yes")
    page.wait_for_selector("input[name=consistent-1]", state="attached")
    yield "hints"
    practise(page.click, 1)
    page.wait_for_url("**/items/0")
    yield "item"
    page.keyboard.type("yy")
    yield "asked on"
    page.keyboard.press("Enter")
    page.keyboard.type("4")
    yield "own word"
    page.evaluate("document.querySelector('form.answer').submit()")  # without its word: 422
    page.wait_for_selector(".fault")
    yield "fault"
    page.fill("input[name=category-other]", "sparkle")
    page.click(".send")
    for number in range(1, 6):
        page.wait_for_url(f"**/items/{number}")
        page.keyboard.type("nn")
        page.keyboard.press("Enter")
    page.wait_for_url("**/done")
    yield "done"
    page.goto(f"{site.base}/withdraw")
    yield "withdraw"
    page.click("main form button")
    page.wait_for_url("**/withdrawn")
    yield "withdrawn"
