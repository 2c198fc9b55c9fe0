"""Errors as results: one line, the user's own line in it, and Ctrl-C left alone."""

import sys

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt


def divide(one: float, other: float = 1.0) -> float:
    return one / other


def test_what_works_gives_its_value() -> None:
    assert attempt(divide, 3.0, other=2.0) == 1.5


def test_what_fails_gives_its_kind_its_words_and_the_users_own_line() -> None:
    found = attempt(divide, 3.0, other=0.0)
    line = divide.__code__.co_firstlineno + 1
    assert found == Failure(
        f"ZeroDivisionError: float division by zero (test_failures.py line {line})"
    )


def test_words_for_users_stand_alone() -> None:
    def refuse() -> None:
        raise BenchError("divide the direction\nby its length")

    assert attempt(refuse) == Failure("divide the direction by its length", told=True)


def test_asking_to_exit_is_a_failure_and_ctrl_c_is_not() -> None:
    found = attempt(sys.exit, 3)
    assert isinstance(found, Failure)
    assert found.reason.startswith("SystemExit: 3")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(interrupt)
