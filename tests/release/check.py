"""`make release-check`: may the last commit be released?

Builds its distributions, looks at what is in them, installs the wheel without any constraints under
each Python that there is and uses it, and runs tests with the lowest versions that pyproject.toml
allows. Everything happens in a temporary folder.

TORCH says what to give pip for torch, which is large and comes in builds for different devices,
before anything else is installed; PYTHONS which Pythons to look for.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import built
from .bounds import EXTRAS, TESTS, UNFIT, lowest
from .built import Fault
from .used import environment, use

# Of the extra `dev`, what those tests import.
TOOLS = ("pytest>", "pytest-benchmark", "hypothesis", "krippendorff", "pyte>", "onnx")


def main() -> None:
    commit = "HEAD"
    pythons = os.environ.get("PYTHONS", "3.11 3.12 3.13 3.14").split()
    torch = shlex.split(os.environ.get("TORCH", "torch"))
    try:
        with tempfile.TemporaryDirectory() as name:
            release(Path(name), commit, pythons, torch)
    except (Fault, subprocess.CalledProcessError) as fault:
        sys.exit(f"not to be released: {fault}")
    print("may be released")


def release(folder: Path, commit: str, pythons: list[str], torch: list[str]) -> None:
    """All of it, in an empty folder. Raises Fault, and CalledProcessError where pip fails."""
    checkout = built.check_out(commit, folder)
    wheel = distributions(checkout, commit, folder)
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    used = [v for v in pythons if installed(v, wheel, torch, project["version"], folder)]
    if not used:
        raise Fault("none of these Pythons is here")
    lower_bounds(used[0], wheel, project, torch, checkout)


def distributions(checkout: Path, commit: str, folder: Path) -> Path:
    """Builds both and looks into them; returns the wheel. Raises Fault."""
    dist, again = folder / "dist", folder / "again"
    built.build(checkout, dist)  # the wheel is made from the sources
    built.build(checkout, again, "--wheel")
    wheel, sources = built.only(dist, "*.whl"), built.only(dist, "*.tar.gz")
    files = built.tracked(commit)
    faults = built.wheel_faults(wheel, files) + built.sources_faults(sources, files)
    if wheel.read_bytes() != built.only(again, "*.whl").read_bytes():
        faults.append("the wheel from the sources is not the wheel from the checkout")
    if faults:
        raise Fault("\n".join(faults))
    for path in (wheel, sources):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    return wheel


def new_environment(version: str, folder: Path) -> Path | None:
    """The Python of a fresh virtual environment of that version, or None, with the reason told."""
    command = shutil.which(f"python{version}")
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    there = command and subprocess.run([command, "-c", ask], capture_output=True, text=True)
    if not command or not there or there.stdout.strip() != version:
        print(f"python {version}: skipped, there is no python{version} that starts")
        return None
    subprocess.run([command, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def pip(python: Path, *arguments: str) -> None:
    """`pip install` in an environment. Raises CalledProcessError."""
    quick = ("--quiet", "--disable-pip-version-check", "--no-compile")
    command = [python, "-m", "pip", "install", *quick, *arguments]
    subprocess.run(command, check=True, env=environment())


def installed(version: str, wheel: Path, torch: list[str], release: str, folder: Path) -> bool:
    """Installs the wheel under one Python and uses it; False where that Python is not here."""
    place = folder / version
    python = new_environment(version, place / "venv")
    if python is None:
        return False
    pip(python, *torch)
    pip(python, str(wheel))
    empty = place / "empty"
    empty.mkdir()
    use(python.with_name("bench"), release, empty)
    print(f"python {version}: installed without constraints, and used")
    return True


def lower_bounds(
    version: str, wheel: Path, project: Mapping[str, Any], torch: list[str], checkout: Path
) -> None:
    """Uses the wheel with the lowest versions allowed, and runs tests with them; of torch,
    whichever version TORCH names."""
    place = checkout.parent / "lowest"
    python = new_environment(version, place / "venv")
    assert python is not None
    pinned = [p for p in lowest(project, EXTRAS) if not p.startswith("torch==")]
    tools = [t for t in project["optional-dependencies"]["dev"] if t.startswith(TOOLS)]
    pip(python, *torch)
    pip(python, str(wheel), *pinned, *tools)
    empty = place / "empty"
    empty.mkdir()
    use(python.with_name("bench"), project["version"], empty)
    # What old versions and their own dependencies warn of is theirs.
    command = [python, "-m", "pytest", "-q", "-o", "filterwarnings=default", "--disable-warnings"]
    unfit = [f"--deselect={test}" for test in UNFIT]
    done = subprocess.run([*command, *unfit, *TESTS], cwd=checkout, env=environment())
    if done.returncode != 0:
        raise Fault("tests fail with the lowest versions that pyproject.toml allows")
    print(f"python {version}: used and tested with the lowest versions, torch as TORCH says")


if __name__ == "__main__":
    main()
