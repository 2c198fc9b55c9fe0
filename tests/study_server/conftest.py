"""One bundle for all tests of the site; a database, a clock and clients for each."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from study_server import annotators, counting
from study_server.app import create_app
from study_server.bundle import Bundle, load_bundle
from study_server.security import windows
from study_server.served import Served, open_study
from study_server.tasks.question import Answer

from .blobs import blob_bundle


@dataclass
class Clock:
    """A clock that stands until it is turned."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Visitor:
    """A test client that fills in forms as a browser does."""

    client: FlaskClient
    last: TestResponse | None = field(default=None)

    def get(self, path: str) -> TestResponse:
        self.last = self.client.get(path, follow_redirects=True)
        return self.last

    def post(self, path: str | None = None, follow: bool = True, **fields: str) -> TestResponse:
        """Send the last page's form with `fields` filled in."""
        assert self.last is not None
        hidden = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', self.last.text))
        answer = self.client.post(
            path or self.last.request.path, data=hidden | fields, follow_redirects=follow
        )
        self.last = answer
        return answer

    def begin(self) -> TestResponse:
        """From the consent to the first item."""
        self.get("/study")
        self.post(choice="agree")
        self.post()
        return self.post("/quiz", **QUIZ)


def said(consistent: bool, single: bool, category: str = "", label: str = "") -> Answer:
    """An answer to the rating task, as it is stored."""
    given = {"category": category, "label": label}
    return {"consistent": consistent, "single": single} | {k: v for k, v in given.items() if v}


QUIZ = {
    "consistent-0": "yes",
    "single-0": "yes",
    "consistent-1": "no",
    "single-1": "no",
    "consistent-2": "yes",
    "single-2": "no",
}


@pytest.fixture(scope="session")
def bundle_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "study"
    password = blob_bundle(folder)
    (folder / "private" / "password.txt").write_text(password)
    return folder


@pytest.fixture
def bundle(bundle_template: Path, tmp_path: Path) -> Bundle:
    """A fresh copy of the blob study: 18 directions, 3 ratings each, 6 directions per person."""
    folder = tmp_path / "study"
    shutil.copytree(bundle_template, folder)
    return load_bundle(folder)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(bundle: Bundle, clock: Clock) -> Iterator[Served]:
    study = open_study(bundle, clock=clock)
    yield study
    counting.finish_screening()
    study.store.close()


@pytest.fixture
def app(served: Served) -> Iterator[Flask]:
    application = create_app(served)
    windows.reset()
    yield application
    windows.reset()


def new_visitor(app: Flask, served: Served, simulated: str = "") -> Visitor:
    """An invited annotator who opened their link."""
    public_id = served.store.write(
        lambda db: annotators.register(db, "invite", served.clock(), simulated=simulated)
    )
    visitor = Visitor(app.test_client())
    visitor.get(f"/join/{served.links.personal(public_id)}")
    return visitor


@pytest.fixture
def visitor(app: Flask, served: Served) -> Visitor:
    return new_visitor(app, served)


@pytest.fixture
def staff(app: Flask, served: Served) -> Visitor:
    """One of the staff, signed in."""
    return signed_in(app, served)


def signed_in(app: Flask, served: Served) -> Visitor:
    """A browser in which the staff signed in."""
    password = (served.bundle.folder / "private" / "password.txt").read_text()
    visitor = Visitor(app.test_client())
    visitor.get("/admin/")
    visitor.post(password=password)
    assert visitor.last.request.path == "/admin/"
    return visitor
