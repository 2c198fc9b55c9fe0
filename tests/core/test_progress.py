"""Progress: lines in a log, redraws on a terminal, and a time left that a resume does not skew."""

import io
import sys
import time

import pytest

from benchmark.core.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_a_log_gets_a_line_every_half_minute_and_the_last(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress("training", 1_000)
    for step in range(1, 1_001):
        clock.now += 0.125
        progress.update(step, {"loss": 1 / step})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5  # after 30, 60, 90, 120 and 125 seconds
    assert lines[1].split() == ["training", "480/1,000", "loss", "0.002", "0:01:05", "left"]
    assert lines[-1].split()[1] == "1,000/1,000"
    assert lines[-1].endswith("0:00:00 left")


def test_a_terminal_is_redrawn_in_place(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress("training", 20)
    for step in range(1, 21):
        clock.now += 0.1
        progress.update(step, {})
    text = terminal.getvalue()
    assert 4 <= text.count("\r\033[K") <= 5  # twice a second
    assert text.count("\n") == 1
    assert text.endswith("left\n")


def test_only_steps_since_the_resume_count(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress("training", 1_000, start=900)
    clock.now += 40
    progress.update(920, {})  # two seconds a step, eighty steps to go
    assert "0:02:40 left" in capsys.readouterr().err
