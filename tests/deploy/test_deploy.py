"""What `deploy/` holds: files that name each other rightly, and a site that runs on what the image
installs and no more."""

import ast
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmark.cli.study import study as bench_study
from study_server import commands
from study_server.app import create_app
from study_server.bundle import load_bundle
from study_server.opened import opened
from tests.postgres import Postgres
from tests.study_server.blobs import blob_bundle
from tests.study_server.conftest import new_visitor

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BENCH = "import sys; sys.path[:0] = [{place!r}]; from benchmark.cli.main import main; main()"


def instructions(name: str) -> list[str]:
    """What follows this word in the Dockerfile, its continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", joined, re.MULTILINE)


def requirements() -> list[Requirement]:
    lines = (DEPLOY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def parsed(words: list[str]) -> dict[str, Any]:
    """The options of `bench study serve` in a command line."""
    assert words[:2] == ["study", "serve"]
    context = bench_study.commands["serve"].make_context("serve", list(words[2:]))
    return context.params


# ------------------------------------------------------------ what the image installs


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


# ------------------------------------------------------------ the Dockerfile


def test_the_dockerfile_copies_what_is_there_and_what_it_may_see() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    seen = {line[1:] for line in ignore if line.startswith("!")}
    for line in instructions("COPY"):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in seen, source
    assert ignore[1] == "*"
    packages = {"benchmark", "baselines", "study_server"}
    assert packages <= {line.split()[0] for line in instructions("COPY")}


def test_the_image_runs_as_an_ordinary_user_and_serves() -> None:
    (user,) = instructions("USER")
    assert user == "1000"
    after = DOCKERFILE.partition("USER 1000")[2]
    assert "RUN" not in after
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["bench"]
    options = parsed(json.loads(instructions("CMD")[0]))
    assert (str(options["folder"]), options["host"], options["port"]) == ("/study", "0.0.0.0", 8000)
    assert instructions("EXPOSE") == [str(options["port"])]
    assert "bench" in PROJECT["scripts"]


# ------------------------------------------------------------ compose, Caddy, systemd


@pytest.fixture
def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_every_variable_of_compose_is_in_the_example_and_the_other_way_round() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    used = re.findall(r"\$\{(\w+)(:\?)?\}", text)
    assert all(required for _, required in used)  # compose stops and names what is missing
    example = (DEPLOY / "example.env").read_text(encoding="utf-8")
    given = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert {name for name, _ in used} == set(given)
    assert given["DATABASE_PASSWORD"] == ""  # none that everybody has


def test_compose_names_what_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    site, database, caddy = (services[name] for name in ("site", "database", "caddy"))
    context = (DEPLOY / site["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / site["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    healthy = {"site": instructions("HEALTHCHECK"), "database": database.get("healthcheck")}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert healthy[other], f"{name} waits for {other}"
        for network in service["networks"]:
            assert network in compose["networks"]
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).is_file()
            elif not source.startswith("$"):
                assert source in compose["volumes"]
        assert service["restart"] == "unless-stopped"
    assert set(site["networks"]) & set(database["networks"])
    assert set(site["networks"]) & set(caddy["networks"])
    assert not set(caddy["networks"]) & set(database["networks"])
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]


def test_the_site_in_compose_is_served_as_its_neighbours_expect(compose: dict[str, Any]) -> None:
    services = compose["services"]
    site, database = services["site"], services["database"]
    options = parsed(site["command"])
    assert options["host"] == "0.0.0.0"
    assert options["base"] == "https://${STUDY_HOST:?}"
    user, host, name = re.fullmatch(
        r"postgresql\+psycopg://(\w+)@(\w+)/(\w+)", options["database"]
    ).groups()
    assert host in services
    made = database["environment"]
    assert (user, name) == (made["POSTGRES_USER"], made["POSTGRES_DB"])
    assert site["environment"]["PGPASSWORD"] == made["POSTGRES_PASSWORD"]
    (mount,) = site["volumes"]
    assert mount.endswith(f":{options['folder']}:ro")
    assert site["user"] == "${STUDY_USER:?}"
    assert site["read_only"] is True
    caddyfile = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert re.findall(r"reverse_proxy (\S+)", caddyfile) == [f"site:{options['port']}"]
    assert "{$STUDY_HOST}" in caddyfile
    assert "STUDY_HOST" in services["caddy"]["environment"]
    header = options["client_address"]
    assert f"header_up {header} {{remote_host}}".lower() in caddyfile.lower()


def test_the_site_writes_nothing_into_a_study_whose_answers_are_elsewhere(
    postgres: Postgres, tmp_path: Path
) -> None:
    """So that compose may mount it read-only."""
    blob_bundle(tmp_path / "study")
    before = state(tmp_path / "study")
    assert load_bundle(tmp_path / "study").kinds["direction"]
    with opened(tmp_path / "study", postgres.new_database()) as study:
        someone = new_visitor(create_app(study), study)
        assert someone.begin().status_code == 200
    assert state(tmp_path / "study") == before


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(folder.rglob("*"))}


def test_the_unit_serves_a_study() -> None:
    unit = (DEPLOY / "study.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    program, *words = shlex.split(command)
    assert program.endswith("/bin/bench")
    options = parsed(words)
    (place,) = re.findall(r"^WorkingDirectory=(.+)$", unit, re.MULTILINE)
    (writable,) = re.findall(r"^ReadWritePaths=(.+)$", unit, re.MULTILINE)
    assert str(Path(place) / options["folder"]) == writable
    assert options["host"] == "127.0.0.1"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "study.service").read_text(encoding="utf-8")
    here = unit.replace("/srv/study/venv/bin/bench", sys.executable).replace(
        "User=study", "User=root"
    )
    (tmp_path / "study.service").write_text(here)
    line = ["systemd-analyze", "verify", str(tmp_path / "study.service")]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    told = [line for line in done.stderr.splitlines() if "study.service" in line]
    assert told == []
    assert done.returncode == 0, done.stderr
