"""Fixtures that several rooms share."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmark.core.plugins import GROUP
from tests.postgres import postgres
from tests.stats.conftest import simulate

__all__ = ["Install", "install", "postgres", "simulated"]

Install = Callable[[str, str, Mapping[str, Mapping[str, str]]], None]


@pytest.fixture(scope="session")
def simulated():
    return simulate


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package `NAME VERSION` where Python finds it, as if pip had installed it.

    Its code is the module `<name>_plugin`. offers: by kind, what the package offers by which name.
    """

    def put(package: str, code: str, offers: Mapping[str, Mapping[str, str]]) -> None:
        name, version = package.split()
        module = f"{name.replace('-', '_')}_plugin"
        about = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        lines = [
            line
            for kind, offered in offers.items()
            for line in (
                f"[{GROUP}.{kind}]",
                *(f"{key} = {place}" for key, place in offered.items()),
            )
        ]
        (about / "entry_points.txt").write_text("\n".join(lines))
        (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put
