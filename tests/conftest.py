"""Fixtures that several rooms share."""

import pytest

from tests.postgres import postgres
from tests.stats.conftest import simulate

__all__ = ["postgres", "simulated"]


@pytest.fixture(scope="session")
def simulated():
    return simulate
