"""Rate limits: counted by window, forgotten after it, and in force on answers."""

import pytest
from flask import Flask

from study_server import windows
from study_server.served import Served
from study_server.windows import Windows

from .conftest import Visitor
from .test_site import NO, me


def test_a_window_counts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(windows, "elapsed", lambda: now)
    store = Windows()
    assert [store.count("a", 60), store.count("a", 60), store.count("b", 60)] == [1, 2, 1]
    now = 1059.0
    assert store.count("a", 60) == 3
    now = 1060.0
    assert store.count("a", 60) == 1
    assert store.reset() == 2


def test_old_windows_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MANY", 100)
    store = Windows()
    for number in range(300):
        store.count(str(number), -1)  # ended before it began
    assert store.reset() <= 101


def test_a_flood_of_answers_is_refused(
    app: Flask,
    served: Served,
    visitor: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    page = visitor.begin()
    now = windows.elapsed()
    monkeypatch.setattr(windows, "elapsed", lambda: now)  # all within one second
    codes = []
    for _ in range(60):
        visitor.last = page
        codes.append(visitor.post(follow=False, **NO).status_code)
    assert codes[0] == 303
    assert codes[-1] == 429
    assert "POST /items/<int(max=9999):position> 429" in caplog.text
    assert me(served).public_id not in caplog.text
