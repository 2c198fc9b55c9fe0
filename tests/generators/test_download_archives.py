"""Downloads that come packed: the wanted members and no others."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.generators.download import fetch
from benchmark.generators.published import Source

from .downloads import CONTENT, Offer, Site, left


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVED = {"pre/G/args.json": b"{}", "pre/G/generator.pt": CONTENT, "../../evil": b"out of here"}
MEMBERS = {"G/args.json": "args.json", "G/generator.pt": "generator.pt"}


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_the_wanted_members_of_an_archive_and_no_others(
    site: Site, offer: Offer, home: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    site.files["a"] = pack(ARCHIVED)
    offer(Source(site.url("a"), MEMBERS), files=("args.json", "generator.pt"))
    fetch("tiny")
    assert left(home) == {"tiny/args.json", "tiny/generator.pt"}
    assert (home / "tiny" / "generator.pt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CONTENT, "gave no whole tar or zip"),
        (tar_of(ARCHIVED)[:3000], "gave no whole tar or zip"),
        (tar_of({"pre/G/args.json": b"{}"}), r"holds 0 files G/generator\.pt, not one"),
        (tar_of({**ARCHIVED, "b/G/generator.pt": b""}), r"holds 2 files G/generator\.pt"),
    ],
)
def test_archives_that_do_not_hold_it(
    site: Site, offer: Offer, home: Path, content: bytes, reason: str
) -> None:
    site.files["a"] = content
    offer(Source(site.url("a"), MEMBERS), files=("args.json", "generator.pt"))
    with pytest.raises(BenchError, match=reason):
        fetch("tiny")
    assert "tiny/generator.pt" not in left(home)
