"""Speed is measured on demand, `make perf`, and never decides an ordinary run."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder `perf`, which an ordinary run leaves out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.perf)
