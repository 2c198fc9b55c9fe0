"""Fixtures that several rooms share."""

import pytest

from tests.stats.conftest import simulate


@pytest.fixture(scope="session")
def simulated():
    return simulate
