"""The wheel of the working tree holds every file of the packages, and a wheel that does not is
noticed. `make release-check` looks at the distributions of a commit, and installs them."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from .bounds import lowest
from .built import PACKAGES, ROOT, build, only, wheel_faults


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out, "--wheel", "--no-isolation")
    return only(out, "*.whl")


def files() -> set[str]:
    """What git tracks, or would if it were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *PACKAGES]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in listed.strip("\0").split("\0") if (ROOT / name).exists()}


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    assert wheel_faults(wheel, files()) == []
    kinds = (".safetensors", ".toml", ".html", ".css", ".js", ".svg", ".mako", ".json", ".po", ".R")
    for kind in kinds:
        assert any(name.endswith(kind) for name in files()), kind


def test_the_wheel_says_what_it_is_and_on_which_terms(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as inside:
        (metadata,) = (n for n in inside.namelist() if n.endswith(".dist-info/METADATA"))
        text = inside.read(metadata).decode()
        terms = {Path(n).name for n in inside.namelist() if ".dist-info/licenses/" in n}
    assert "\nName: latent-direction-bench\n" in text
    assert "\nLicense-Expression: MIT\n" in text
    assert terms == {"LICENSE", "NOTICE"}


def test_a_file_too_few_or_too_many_is_noticed(tmp_path: Path) -> None:
    made = tmp_path / "made.whl"
    with zipfile.ZipFile(made, "w") as inside:
        for name in ("benchmark/a.py", "tests/b.py", "made-1.dist-info/RECORD"):
            inside.writestr(name, "")
    assert wheel_faults(made, {"benchmark/a.py", "benchmark/c.css"}) == [
        "missing from the wheel: benchmark/c.css",
        "in the wheel, and not in git: tests/b.py",
    ]


def test_the_lowest_versions_are_those_that_the_bounds_name() -> None:
    project = {
        "dependencies": ["torch>=2.6", "numpy>=1.26"],
        "optional-dependencies": {"db": ["psycopg[binary]>=3.3.9"], "dev": ["pytest>=8"]},
    }
    assert lowest(project, ("db",)) == ["torch==2.6", "numpy==1.26", "psycopg[binary]==3.3.9"]


def test_a_dependency_without_a_lower_bound_is_named() -> None:
    with pytest.raises(ValueError, match="numpy"):
        lowest({"dependencies": ["numpy"], "optional-dependencies": {}}, ())
