"""Downloads over connections that break, of files that are not what they should be."""

import hashlib
from pathlib import Path

import pytest
import requests

from benchmark.core.errors import BenchError
from benchmark.generators import download as module
from benchmark.generators.download import fetch
from benchmark.generators.published import Source

from .downloads import CONTENT, SHA, Offer, Site, left


def starts(wanted: str, below: int) -> bool:
    """Whether a request continues there, less the bytes that the breaks may have cost."""
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    return below - 3 * module.BLOCK < start <= below


def test_a_file_arrives_with_its_hash(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"] = CONTENT
    offer(Source(site.url("a"), sha256=SHA))
    assert fetch("tiny") == {home / "tiny" / "weights.pth": SHA}
    assert (home / "tiny" / "weights.pth").read_bytes() == CONTENT
    assert left(home) == {"tiny/weights.pth"}


def test_what_is_there_is_not_asked_for_again(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"] = CONTENT
    offer(Source(site.url("a")))
    fetch("tiny")
    fetch("tiny")
    assert len(site.asked) == 1


def test_a_cut_connection_goes_on_where_it_broke(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"], site.cuts["a"] = CONTENT, [300_000, 400_000]
    offer(Source(site.url("a"), sha256=SHA))
    fetch("tiny")
    (first, second, third) = (wanted for _, wanted in site.asked)
    assert first == ""
    assert starts(second, below=300_000)
    assert starts(third, below=700_000)
    assert left(home) == {"tiny/weights.pth"}


def test_the_next_command_goes_on_where_the_last_one_gave_up(
    site: Site, offer: Offer, home: Path
) -> None:
    site.files["a"], site.cuts["a"] = CONTENT, [100_000, 100_000, 100_000]
    offer(Source(site.url("a"), sha256=SHA))
    with pytest.raises(
        BenchError, match=r"tiny could not be fetched: .*; run the command again to continue"
    ):
        fetch("tiny")
    assert not (home / "tiny" / "weights.pth").exists()
    fetch("tiny")
    assert starts(site.asked[-1][1], below=300_000)
    assert left(home) == {"tiny/weights.pth"}


def test_a_server_without_ranges_starts_over(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"], site.cuts["a"], site.knows_ranges = CONTENT, [300_000], False
    offer(Source(site.url("a"), sha256=SHA))
    fetch("tiny")
    assert (home / "tiny" / "weights.pth").read_bytes() == CONTENT


def test_a_part_that_is_whole_is_taken(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"], site.cuts["a"] = CONTENT, [100_000] * 3
    offer(Source(site.url("a"), sha256=SHA))
    with pytest.raises(BenchError):
        fetch("tiny")
    (part,) = (home / "tiny").glob(".*.part")
    part.write_bytes(CONTENT)
    assert fetch("tiny") == {home / "tiny" / "weights.pth": SHA}


def test_a_wrong_file_names_both_hashes_and_removes_nothing_else(
    site: Site, offer: Offer, home: Path
) -> None:
    site.files["a"] = CONTENT[:-1] + b"!"
    other = hashlib.sha256(site.files["a"]).hexdigest()
    (home / "tiny").mkdir(parents=True)
    (home / "tiny" / "mine.txt").write_text("keep")
    offer(Source(site.url("a"), sha256=SHA))
    with pytest.raises(BenchError, match=rf"SHA-256 {other}, expected {SHA}"):
        fetch("tiny")
    assert left(home) == {"tiny/mine.txt"}


def test_a_wrong_git_blob_is_refused_as_well(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"] = b"hello\n"
    right = "ce013625030ba8dba906f756967f9e9ca394464a"  # what `git hash-object` says of it
    offer(Source(site.url("a"), git_blob="0" * 40))
    with pytest.raises(BenchError, match=f"git blob {right}, expected {'0' * 40}"):
        fetch("tiny")
    assert left(home) == set()
    offer(Source(site.url("a"), git_blob=right))
    fetch("tiny")
    assert left(home) == {"tiny/weights.pth"}


def test_a_mirror_steps_in(site: Site, offer: Offer, home: Path) -> None:
    site.files |= {"wrong": b"something else", "right": CONTENT}
    offer(*(Source(site.url(path), sha256=SHA) for path in ("absent", "wrong", "right")))
    fetch("tiny")
    assert [path for path, _ in site.asked] == ["absent", "wrong", "right"]
    assert left(home) == {"tiny/weights.pth"}


def test_all_addresses_fail_and_each_says_why(site: Site, offer: Offer) -> None:
    site.files |= {"wrong": b"something else", "page.html": b"<html>too many downloads"}
    offer(*(Source(site.url(path), sha256=SHA) for path in ("absent", "wrong", "page.html")))
    with pytest.raises(BenchError, match=r"404.*expected.*a web page came instead of a file"):
        fetch("tiny")


def test_nobody_answers(offer: Offer) -> None:
    offer(Source("http://127.0.0.1:9/a"))
    with pytest.raises(BenchError, match=r"http://127\.0\.0\.1:9/a: "):
        fetch("tiny")


def test_no_time_is_lost_on_an_address_that_says_no(site: Site, offer: Offer) -> None:
    offer(Source(site.url("absent")))
    with pytest.raises(BenchError, match="404"):
        fetch("tiny")
    assert len(site.asked) == 1
    assert issubclass(requests.HTTPError, module.BROKEN)


OTHER = bytes(range(255, -1, -1)) * 4000  # as long as CONTENT


def broken(site: Site, offer: Offer) -> None:
    """A download of a file without a known hash that gave up after 300,000 bytes of CONTENT."""
    site.files["a"], site.cuts["a"] = CONTENT, [100_000, 100_000, 100_000]
    offer(Source(site.url("a")))
    with pytest.raises(BenchError):
        fetch("tiny")


def test_a_file_that_is_the_same_goes_on_without_a_known_hash(
    site: Site, offer: Offer, home: Path
) -> None:
    broken(site, offer)
    assert fetch("tiny") == {home / "tiny" / "weights.pth": SHA}
    assert starts(site.asked[-1][1], below=300_000)
    assert left(home) == {"tiny/weights.pth"}


@pytest.mark.parametrize("server", ["compares", "ignores If-Range", "tells nothing"])
def test_two_versions_of_a_file_are_never_spliced(
    site: Site, offer: Offer, home: Path, server: str
) -> None:
    site.tells_etag = server != "tells nothing"
    broken(site, offer)
    site.files["a"] = OTHER
    site.ignores_if_range = server == "ignores If-Range"
    fetch("tiny")
    assert (home / "tiny" / "weights.pth").read_bytes() == OTHER
    assert left(home) == {"tiny/weights.pth"}


def test_a_range_that_starts_elsewhere_starts_the_download_over(
    site: Site, offer: Offer, home: Path
) -> None:
    broken(site, offer)
    site.shift = 1000
    fetch("tiny")
    assert (home / "tiny" / "weights.pth").read_bytes() == CONTENT
    assert left(home) == {"tiny/weights.pth"}


def test_a_whole_part_of_another_version_is_not_taken(site: Site, offer: Offer, home: Path) -> None:
    broken(site, offer)
    (part,) = (home / "tiny").glob(".*.part")
    part.write_bytes(CONTENT)
    site.files["a"] = OTHER
    fetch("tiny")
    assert (home / "tiny" / "weights.pth").read_bytes() == OTHER
