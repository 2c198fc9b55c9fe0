"""Fixtures that several rooms share."""

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, postgres_server
from tests.stats.conftest import simulate


@pytest.fixture(scope="session")
def simulated():
    return simulate


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server
