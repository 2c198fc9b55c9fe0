"""What fails again and again is said once, and then counted."""

import io
import logging
import sqlite3
import sys
from collections.abc import Iterator

import pytest

from study_server import logs


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    handler = logs.Brief()
    logger = logging.getLogger("outage")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield logger, out
    logger.removeHandler(handler)


class Time:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(logs, "time", clock)
    return clock


def test_a_thousand_failures_are_a_few_lines(log, time: Time) -> None:
    logger, out = log
    for number in range(1000):
        logger.error("the database is away after %.1f ms", number / 7)
        time.now += 0.02
    lines = out.getvalue().splitlines()
    assert len(lines) == 4  # one in five seconds
    assert "more" not in lines[0]
    assert "(and 250 more in 5 s)" in lines[1]


def test_the_count_is_told_although_it_does_not_come_again(log, time: Time) -> None:
    logger, out = log
    for _ in range(7):
        logger.error("away")
    time.now = 60
    logger.info("GET /study 200")
    assert [line.split(" ", 2)[2] for line in out.getvalue().splitlines()] == [
        "ERROR away",
        "ERROR away (and 6 more in 60 s)",
        "INFO GET /study 200",
    ]
    time.now = 66
    logger.error("away")  # a new outage is told at once
    assert out.getvalue().count("ERROR away\n") == 2


def test_other_failures_and_what_goes_well_are_all_told(log, time: Time) -> None:
    logger, out = log
    for word in ("one", "two", "three"):
        logger.error("failed: %s", word)
        logger.info("GET /items 200")
    assert len(out.getvalue().splitlines()) == 6


def test_a_database_in_trouble_has_no_traceback(log, time: Time) -> None:
    logger, out = log
    for error in (sqlite3.OperationalError("disk I/O error"), ValueError("a fault of ours")):
        try:
            raise error
        except (sqlite3.Error, ValueError):
            logger.exception("Exception during reset or similar: %s", type(error).__name__)
    first, *others = out.getvalue().splitlines()
    assert first.endswith("(disk I/O error)")
    assert others[1].startswith("Traceback")
