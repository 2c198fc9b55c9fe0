"""The wall's clock is set while the site runs: nothing ends early, and nothing holds for hours."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from flask import Flask

from study_server import steady_clock
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.security import windows
from study_server.served import Served, open_study
from study_server.windows import Windows

from .conftest import Visitor, new_visitor

HOUR = 3600.0
STEPS = pytest.mark.parametrize("step", [-HOUR, HOUR])


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the wall's clock by so many seconds."""
    wall = time.time

    def by(step: float) -> None:
        monkeypatch.setattr(time, "time", lambda: wall() + step)

    return by


def test_the_clock_begins_as_the_walls() -> None:
    """In a process of its own: the host's clock may have been set since this one began."""
    told = "from study_server import steady_clock; print(steady_clock.now())"
    began = time.time()
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert began - 5 < float(done.stdout) < time.time() + 5


@STEPS
def test_the_clock_goes_on_as_it_began(step: float, set_clock: Callable[[float], None]) -> None:
    before = steady_clock.now()
    set_clock(step)
    assert 0 <= steady_clock.now() - before < 60


@STEPS
def test_limits_end_when_they_would_have(step: float, set_clock: Callable[[float], None]) -> None:
    store = Windows()
    store.count("shut", 60)
    store.count("short", 0.01)
    set_clock(step)
    time.sleep(0.02)
    assert (store.count("shut", 60), store.count("short", 60)) == (2, 1)
    assert store.count("over", -1) == store.count("over", 60) == 1  # ended before it began


@STEPS
def test_people_and_staff_stay_signed_in_and_keep_their_items(
    bundle: Bundle, step: float, set_clock: Callable[[float], None]
) -> None:
    study = open_study(bundle)
    app = create_app(study)
    windows.reset()
    someone = new_visitor(app, study)
    someone.begin()
    leased = someone.last.request.path
    staff = Visitor(app.test_client())
    staff.get("/admin/")
    staff.post(password=(bundle.folder / "private" / "password.txt").read_text())
    set_clock(step)
    assert staff.get("/admin/").request.path == "/admin/"
    assert someone.get("/study").request.path == leased
    assert someone.post(consistent="no", single="no").status_code == 200
    with study.store.engine.connect() as db:
        ((seconds,),) = db.exec_driver_sql("SELECT seconds FROM judgment").all()
    assert 0 <= seconds < 60
    study.store.close()
    windows.reset()


def test_a_session_from_before_a_restart_and_a_clock_set_back_is_kept(
    app: Flask, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = new_visitor(app, served)
    now = steady_clock.now()
    monkeypatch.setattr("study_server.sessions.now", lambda: now - HOUR)
    assert someone.get("/study").request.path == "/consent"
    monkeypatch.setattr("study_server.sessions.now", lambda: now + 61 * 24 * HOUR)
    assert someone.get("/study").status_code == 403  # an old one ends as it did
