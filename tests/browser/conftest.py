"""A real browser on the real site."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from study_server import annotators
from study_server.bundle import load_bundle
from study_server.models import Judgment
from study_server.served import Served, open_study
from study_server.server import running
from tests.study_server.blobs import blob_bundle
from tests.study_server.conftest import QUIZ

PATIENCE = 120_000  # milliseconds that a page may take on a busy machine
expect.set_options(timeout=PATIENCE / 4)

ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def base_url() -> str:
    """Every test has a site of its own. (The plugin's fixture of this name warns in pytest 9.)"""
    return ""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Debian's Chromium where it is installed, else Playwright's own."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    if found is None and not list(own.glob("chromium*")):
        message = "no browser: run `apt-get install chromium` or `playwright install chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    where = {} if found is None else {"executable_path": found}
    return {**browser_type_launch_args, **where, "args": list(ARGS)}


class Given(NamedTuple):
    """A stored answer."""

    revision: int
    answer: dict[str, bool | str]

    @property
    def category(self) -> str:
        return str(self.answer.get("category", ""))


@dataclass
class Site:
    """A served study and what a test asks it."""

    study: Served
    base: str

    def link(self) -> str:
        """A fresh personal link."""
        (token,) = annotators.invite(self.study.store, self.study.links, 1, self.study.clock())
        return f"{self.base}/join/{token}"

    def judgments(self) -> list[Given]:
        with self.study.store.read() as db:
            rows = db.execute(select(Judgment.revision, Judgment.answer).order_by(Judgment.id))
            return [Given(revision, json.loads(answer)) for revision, answer in rows]


@pytest.fixture(scope="session")
def browser_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few items, so that a whole study is short: 3 directions, a repeat, and 2 checks."""
    folder = tmp_path_factory.mktemp("browser") / "study"
    password = blob_bundle(
        folder, 1, ("blobs-colour",), ratings=50, items=3, repeats=0.34, checks=1
    )
    (folder / "private" / "password.txt").write_text(password)
    return folder


@pytest.fixture
def site(browser_bundle: Path, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "study"
    shutil.copytree(browser_bundle, folder)
    study = open_study(load_bundle(folder))
    with running(study) as base:
        yield Site(study, base)
    study.store.close()


@pytest.fixture
def start() -> Iterator[Callable[[Served], Site]]:
    """Serves studies until the test is over."""
    with ExitStack() as stack:

        def serve(study: Served) -> Site:
            stack.callback(study.store.close)
            return Site(study, stack.enter_context(running(study)))

        yield serve


def begin(page: Page, link: str, to: str = "**/items/0") -> None:
    """From the link to the first item, by mouse."""
    page.set_default_timeout(PATIENCE)
    page.goto(link)
    page.click("button[value=agree]")
    page.click(".actions .primary")
    practise(page.click)
    page.wait_for_url(to)


def practise(click: Callable[[str], None], *numbers: int, **changes: str) -> None:
    """Examples of the practice, one a page, by a click on what a selector finds; all three, unless
    numbers are given."""
    said = QUIZ | {name.replace("_", "-"): value for name, value in changes.items()}
    for number in numbers or range(3):
        for field in (f"consistent-{number}", f"single-{number}"):
            click(f"label:has(input[name={field}][value={said[field]}])")
        click(".actions .primary")


def clear(page: Page, kind: str, name: str = "") -> None:
    """By keys: yes twice, the name or none, and the kind, which sends the answer."""
    page.keyboard.type("yy")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.keyboard.type(kind)


def position(page: Page) -> int:
    return int(page.url.rsplit("/", 1)[-1])
