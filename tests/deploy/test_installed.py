"""The site runs on what the image installs and no more."""

import ast
import json
import socket
import subprocess
import sys
import time
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from study_server import commands
from tests.study_server.blobs import blob_bundle

from .contents import DEPLOY, PROJECT, ROOT, instructions

BENCH = "import sys; sys.path[:0] = [{place!r}]; from benchmark.cli.main import main; main()"


def requirements() -> list[Requirement]:
    lines = (DEPLOY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_site_s_requirements_are_those_of_the_project_without_torch() -> None:
    known = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"]]
    ranges = {(r.name, r.specifier, frozenset(r.extras)) for r in map(Requirement, known)}
    wanted = {(r.name, r.specifier, frozenset(r.extras)) for r in requirements()}
    assert wanted <= ranges
    assert "torch" not in closure()


def test_what_the_site_imports_is_among_its_requirements() -> None:
    trees = [ast.parse(file.read_bytes()) for file in (ROOT / "study_server").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    owners = packages_distributions()
    used = {owner for name in names for owner in owners.get(name.partition(".")[0], [])}
    used -= {canonicalize_name(PROJECT["name"]), PROJECT["name"]}
    known = {canonicalize_name(requirement.name) for requirement in requirements()}
    assert {canonicalize_name(name) for name in used} <= known


def closure() -> set[str]:
    """Names of all distributions that the requirements bring, as far as they are installed here."""
    found: set[tuple[str, str]] = set()
    left = [(r.name, extra) for r in requirements() for extra in ("", *r.extras)]
    while left:
        name, extra = left.pop()
        key = (canonicalize_name(name), extra)
        if key in found:
            continue
        found.add(key)
        for line in distribution(name).requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                left += [(needed.name, e) for e in ("", *needed.extras)]
    return {name for name, _ in found}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links to what the image holds: the requirements' distributions and the
    project's three packages."""
    place = tmp_path_factory.mktemp("bare")
    for name in closure():
        own = distribution(name)
        for top in {file.parts[0] for file in own.files or [] if file.parts[0] != ".."}:
            link = place / top
            if top not in ("__pycache__", "bin") and not link.exists():
                link.symlink_to(Path(str(own.locate_file(top))))
    for package in ("benchmark", "baselines", "study_server"):
        (place / package).symlink_to(ROOT / package)
    return place


def bench(place: Path, *words: str) -> list[str]:
    """A command line of `bench` for an interpreter that knows `place` alone."""
    return [sys.executable, "-I", "-S", "-c", BENCH.format(place=str(place)), *words]


def health(port: int) -> int:
    """The exit status of the image's health check, asked of this port."""
    (line,) = instructions("HEALTHCHECK")
    command = json.loads(line.partition("CMD ")[2])
    assert command[0] == "python"
    words = [word.replace(":8000", f":{port}") for word in command[1:]]
    return subprocess.run(
        [sys.executable, *words], capture_output=True, check=False, timeout=30
    ).returncode


def test_a_study_is_served_on_what_the_image_installs(bare: Path, tmp_path: Path) -> None:
    blob_bundle(tmp_path / "study")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = json.loads(instructions("CMD")[0])
    words = [{"/study": str(tmp_path / "study"), "8000": str(port)}.get(w, w) for w in command]
    words[words.index("0.0.0.0")] = "127.0.0.1"
    assert health(port) != 0
    log = (tmp_path / "log").open("w")
    site = subprocess.Popen(bench(bare, *words), stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while health(port) != 0:
            assert site.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.2)
    finally:
        site.terminate()
        site.wait(timeout=30)
        log.close()
    assert health(port) != 0


def test_the_site_s_other_commands_need_no_more(bare: Path, tmp_path: Path) -> None:
    blob_bundle(tmp_path / "study")
    commands.invite(tmp_path / "study", 2)
    commands.simulate(tmp_path / "study", 1)
    for words in (["status", "--simulated"], ["export", "--out", str(tmp_path / "x.parquet")]):
        line = bench(bare, "study", words[0], str(tmp_path / "study"), *words[1:])
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr
    torch = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[:0] = [{str(bare)!r}]; import torch",
    ]
    assert (
        b"No module named 'torch'" in subprocess.run(torch, capture_output=True, check=False).stderr
    )
