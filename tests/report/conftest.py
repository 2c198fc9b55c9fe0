"""Runs for the report's tests, with and without a report."""

from pathlib import Path

import pytest

from benchmark.report.making import write_report
from tests.report.drawn import write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of the test's own to change."""
    return write_run(tmp_path / "run")


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its report, for tests that only look at it."""
    run = write_run(tmp_path_factory.mktemp("reported") / "run")
    write_report(run)
    return run
