"""Progress: lines in a log with a time left that a resume does not skew, and silent phases."""

import threading
import time

import pytest

from benchmark.core import progress as module
from benchmark.core.phases import SHORT, Part, Phase
from benchmark.core.progress import Progress, part, phase, whole_run

from .conftest import Clock


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


def test_only_steps_since_the_resume_count(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress("training", 1_000, start=900)
    clock.now += 40
    progress.update(920, {})  # two seconds a step, eighty steps to go
    assert "0:02:40 left" in capsys.readouterr().err


def test_the_whole_run_is_in_each_line_of_the_log(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole_run(cells=4, work=100.0):
        with part(cells=3, work=80.0, phases=2):
            first = Progress("fit", 10)
            clock.now += 40
            first.update(5, {})  # a half of a half of 80: 20 of 100 in 40 s
            clock.now += 60
            first.update(10, {})  # 40 in 100 s
            second = Progress("fresh", 10)
            clock.now += 100
            second.update(10, {})  # 80 in 200 s
        with part(cells=1, work=20.0, phases=1):
            third = Progress("fit", 100)
            clock.now += 100
            third.update(50, {})  # 90 in 300 s
    wholes = [line.partition("(")[2] for line in capsys.readouterr().err.splitlines()]
    assert wholes == [
        "0 of 4 cells done, 20% of the work, 0:02:40 left)",
        "0 of 4 cells done, 40% of the work, 0:02:30 left)",
        "0 of 4 cells done, 80% of the work, 0:00:50 left)",
        "3 of 4 cells done, 90% of the work, 0:00:33 left)",
    ]


def test_what_a_resumed_phase_began_with_tells_nothing_about_speed(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole_run(cells=1, work=100.0), part(cells=1, work=100.0, phases=1):
        resumed = Progress("fit", 100, start=80)
        clock.now += 40
        resumed.update(90, {})  # 10 in 40 s, 10 to go
    assert "90% of the work, 0:00:40 left)" in capsys.readouterr().err


def test_no_time_left_before_anything_was_seen(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole_run(cells=2, work=100.0), part(cells=1, work=50.0, phases=1):
        Progress("fit", 100).update(100, {})
    assert capsys.readouterr().err.rstrip().endswith("(0 of 2 cells done, 50% of the work)")


def test_more_phases_than_expected_never_exceed_their_part(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole_run(cells=2, work=100.0), part(cells=1, work=50.0, phases=1):
        for _ in range(3):
            clock.now += 50
            Progress("fit", 2).update(2, {})
    assert capsys.readouterr().err.count(" 50% of the work") == 3


def test_a_phase_without_steps_is_a_small_part_of_the_work() -> None:
    inside = Part(cells=1, work=11.0, expected=1 + SHORT)
    judged = Phase("judging", total=1, start=0, step=1)  # as `phase` leaves it
    training = Phase("fit", total=100, start=0, step=50)
    inside.phases += [judged]
    assert inside.done() == pytest.approx(1.0)
    inside.phases += [training]
    assert inside.done() == pytest.approx(1.0 + 5.0)


def test_a_part_without_a_whole_run_changes_nothing(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with part(cells=1, work=1.0, phases=1):
        Progress("fit", 1).update(1, {})
    assert capsys.readouterr().err == "fit  1/1  0:00:00 left\n"


def test_a_silent_phase_tells_a_log_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINE_EVERY", 0.05)

    @phase("figures")
    def draw() -> str:
        time.sleep(0.5)
        return "drawn"

    assert draw() == "drawn"
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 10
    assert all(line.startswith("figures  for 0:00:0") for line in lines)
    time.sleep(0.15)
    assert capsys.readouterr().err == ""  # over is over


def test_a_short_silent_phase_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with phase("figures"):
        pass
    assert capsys.readouterr().err == ""
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before
