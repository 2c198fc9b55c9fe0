"""What README and docs say about the tree is so: rooms, files, links, and the citation."""

import configparser
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
PATH = re.compile(r"`((?:benchmark|baselines|study_server|tests|docs|results)/[\w./-]*\w)`")


def packages() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "benchmark").glob("*/__init__.py"))


def files(top: str) -> list[Path]:
    return [p for p in (ROOT / top).rglob("*") if p.is_file() and "__pycache__" not in p.parts]


def test_every_package_has_its_place_among_the_rooms() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    rooms = contracts["importlinter:contract:rooms"]["layers"].split()
    assert sorted(rooms) == ["baselines", *(f"benchmark.{name}" for name in packages())]
    forbidden = set(contracts["importlinter:contract:site"]["forbidden_modules"].split())
    assert forbidden == {"torch", *rooms} - {"benchmark.core"}


def test_no_two_files_of_the_product_have_one_name() -> None:
    paths = [path for top in ("benchmark", "baselines", "study_server") for path in files(top)]
    demanded = {"__init__.py", "py.typed", "study.po"}  # one in each package, or language
    named = [path.name for path in paths if path.name not in demanded]
    assert [name for name, count in Counter(named).items() if count > 1] == []


def test_the_tree_in_the_architecture_is_the_tree_in_order() -> None:
    tree = (ROOT / "docs" / "ARCHITECTURE.md").read_text().split("```text\n")[1].split("```")[0]
    inner = re.findall(r"^  (\w+)/", tree, re.MULTILINE)
    assert sorted(inner) == packages()
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    rooms = contracts["importlinter:contract:rooms"]["layers"].split()
    assert [f"benchmark.{name}" for name in inner] == [r for r in rooms if r != "baselines"]
    for top in re.findall(r"^(\w+)/", tree, re.MULTILINE):
        assert (ROOT / top).is_dir()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_points_at_is_there(document: Path) -> None:
    text = document.read_text()
    links = [document.parent / target for target in LINK.findall(text)]
    named = [ROOT / path for path in PATH.findall(text)]
    missing = [str(path) for path in (*links, *named) if not path.exists()]
    assert missing == []


def test_the_citation_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {project['version']}\n" in citation
    assert "arXiv:2002.03754" in citation
