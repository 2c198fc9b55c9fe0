"""The distributions of a commit: how they are built, and what must be inside."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("benchmark", "baselines", "study_server")
NOT_IN_SOURCES = ("results", "findings", "tests", ".ci")  # they are for a checkout


class Fault(Exception):
    """What is wrong with a release."""


def check_out(commit: str, folder: Path) -> Path:
    """Writes the files of a commit, and nothing that lies beside them, into `folder`/checkout."""
    tar, checkout = folder / "checkout.tar", folder / "checkout"
    archive = ["git", "-C", str(ROOT), "archive", "--output", str(tar), commit]
    subprocess.run(archive, check=True)
    with tarfile.open(tar) as files:
        files.extractall(checkout, filter="data")
    tar.unlink()
    return checkout


def tracked(commit: str) -> set[str]:
    """The files of the packages that git knows in that commit."""
    command = ["git", "-C", str(ROOT), "ls-tree", "-r", "-z", "--name-only", commit, *PACKAGES]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return set(listed.strip("\0").split("\0"))


def build(checkout: Path, out: Path, *options: str) -> None:
    """`python -m build` of a checkout into `out`: sources, and a wheel from these, unless options
    say otherwise."""
    command = [sys.executable, "-m", "build", "--outdir", str(out), *options, str(checkout)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Fault(f"it does not build\n{done.stdout}{done.stderr}")


def only(folder: Path, pattern: str) -> Path:
    """The one file of that pattern in a folder."""
    (path,) = folder.glob(pattern)
    return path


def wheel_faults(wheel: Path, wanted: Iterable[str]) -> list[str]:
    """What a wheel lacks of the wanted files, and what it holds beside them and its metadata."""
    with zipfile.ZipFile(wheel) as files:
        names = set(files.namelist())
    about = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    held, wanted = names - about, set(wanted)
    return [
        *(f"missing from the wheel: {name}" for name in sorted(wanted - held)),
        *(f"in the wheel, and not in git: {name}" for name in sorted(held - wanted)),
    ]


def sources_faults(sources: Path, wanted: Iterable[str]) -> list[str]:
    """What an sdist lacks of the wanted files, and folders in it that belong to a checkout."""
    with tarfile.open(sources) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    tops = {name.partition("/")[0] for name in names}
    return [
        *(f"missing from the sources: {name}" for name in sorted(set(wanted) - names)),
        *(f"in the sources: {name}" for name in NOT_IN_SOURCES if name in tops),
    ]
