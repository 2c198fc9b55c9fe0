"""What the suite imports it asks for itself, with a bound of its own, and asks for nothing else."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .bounds import EXTRAS
from .built import PACKAGES, ROOT

# Used without an import of ours: pandas reads Parquet by the one, torch writes with the other.
BY_OTHERS = {"pyarrow", "tensorboard"}


def imported() -> set[str]:
    """The distributions whose modules the product imports, anywhere in it."""
    known = packages_distributions()
    return {
        canonicalize_name(known[module][0])
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for module in modules(path)
        if module in known and module not in PACKAGES
    }


def modules(path: Path) -> Iterator[str]:
    """The first name of each import; those of the standard library and of stubs left out."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        firsts = {name.partition(".")[0] for name in names}
        yield from firsts - sys.stdlib_module_names


def test_every_import_is_a_dependency_and_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (part for extra in EXTRAS for part in project["optional-dependencies"][extra])
    wanted = {
        canonicalize_name(Requirement(text).name) for text in (*project["dependencies"], *extras)
    }
    found = imported()
    assert len(found) > 20
    assert found | BY_OTHERS == wanted
