"""Compose, Caddy and systemd name each other rightly, and a folder that is only read is enough."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from study_server.app import create_app
from study_server.bundle import load_bundle
from study_server.opened import opened
from tests.postgres import Postgres
from tests.study_server.blobs import blob_bundle
from tests.study_server.conftest import new_visitor

from .contents import DEPLOY, ROOT, instructions, parsed


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
    # Not read-only: no backup may bring back those whom the list in its folder names.
    assert mount.endswith(f":{options['folder']}")
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
    """So that it may be mounted read-only, until somebody withdraws or ratings are raised."""
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
