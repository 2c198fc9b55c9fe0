"""What one process computes, for all engines to be compared with."""

from pathlib import Path

import pytest

from tests.runs.engines.grids import artefacts, computed, groups


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out: Path = tmp_path_factory.mktemp("alone")
    results = computed(groups(), out)
    assert {result.status for result in results} == {"done"}
    found = artefacts(out)
    assert len(found) == 2 * (5 + 3 + 3)
    return found
