"""A study of 100,000 answers: the staff's overview within 1 s, an export within 10 s and 200 MB.

Seconds are of processor time, which other work on the machine changes less; `--benchmark-enable`
shows them. What is asserted holds on any machine: the memory of a whole process that exports.
`tests/study_server/test_large_study.py` guards what a look costs, by counting.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from study_server import commands
from study_server.app import create_app
from study_server.staff import SignIn

from .large_study import large_study

pytestmark = pytest.mark.benchmark(timer=time.process_time)

MOST_MEGABYTES = 200
EXPORT = """
import resource, sys
from pathlib import Path
from study_server import commands
study, out = map(Path, sys.argv[1:])
assert commands.export(study, out) >= 100_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large") / "study"
    large_study(folder)
    return folder


@pytest.fixture
def staff(study: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    here = SignIn("", "", "", here=True)
    monkeypatch.setattr("study_server.staff.sign_ins", lambda: [here])
    with commands.opened(study) as served:
        yield create_app(served).test_client()


@pytest.mark.parametrize("path", ["/admin/", "/admin/items", "/admin/annotators"])
def test_pages_of_the_staff(staff: FlaskClient, path: str, benchmark) -> None:
    assert benchmark.pedantic(lambda: staff.get(path), rounds=3, warmup_rounds=1).status_code == 200


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export(study: Path, tmp_path: Path, format: str, benchmark) -> None:
    words = [sys.executable, "-c", EXPORT, str(study), str(tmp_path / f"x.{format}")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    megabytes = int(done.stdout)
    print(f"{format}: {megabytes} MB")
    assert megabytes <= MOST_MEGABYTES
    benchmark.pedantic(lambda: commands.export(study, tmp_path / f"y.{format}"), rounds=1)
