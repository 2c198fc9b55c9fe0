"""Downloads against a server on this machine that breaks connections, lies and comes back."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.errors import BenchError
from benchmark.generators import fetch as module
from benchmark.generators.fetch import DOWNLOADS, Download, Source, fetch
from benchmark.generators.registry import GENERATORS

CONTENT = bytes(range(256)) * 4000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """What the server has: path -> content; how many bytes it sends of it before it hangs up."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    knows_ranges: bool = True

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = self.path.removeprefix("/"), self.headers.get("Range", "")
            here.asked.append((path, wanted))
            if path not in here.files:
                self.send_error(404)
                return
            content = here.files[path]
            start = int(wanted.removeprefix("bytes=").rstrip("-") or 0) if wanted else 0
            start = start if here.knows_ranges else 0
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if path.endswith(".html"):
                self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            cuts = here.cuts.get(path, [])
            sent = cuts.pop(0) if cuts else len(content)
            self.wfile.write(content[start : start + sent])

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield here
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "cache"))
    return tmp_path / "cache"


Offer = Callable[..., None]


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Makes `bench fetch tiny` a download of `files` from these sources."""

    def make(*sources: Source, files: tuple[str, ...] = ("weights.pth",)) -> None:
        download = Download(files, 1, "none", sources)
        monkeypatch.setitem(DOWNLOADS, "tiny", download)

    return make


def starts(wanted: str, below: int) -> bool:
    """Whether a request goes on there, less what the breaks may have cost."""
    start = int(wanted.removeprefix("bytes=").rstrip("-"))
    return below - 3 * module.BLOCK < start <= below


def left(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


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
    with pytest.raises(BenchError, match=r"tiny could not be fetched: .*The same command goes on"):
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


def test_the_command(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"] = CONTENT
    offer(Source(site.url("a"), sha256=SHA))
    result = CliRunner().invoke(main, ["fetch", "tiny"], catch_exceptions=False)
    assert result.exit_code == 0
    assert SHA in result.output
    assert str(home / "tiny" / "weights.pth") in result.output


def test_all_that_can_be_had_is_had(
    site: Site, offer: Offer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(DOWNLOADS):
        monkeypatch.delitem(DOWNLOADS, name)
    site.files["a"] = CONTENT
    monkeypatch.setitem(DOWNLOADS, "gone", Download(("g",), 1, "", (Source(site.url("gone")),)))
    offer(Source(site.url("a"), sha256=SHA))
    result = CliRunner().invoke(main, ["fetch", "--all"])
    assert result.exit_code == 2
    assert "error: gone could not be fetched" in result.output
    assert left(home) == {"tiny/weights.pth"}


def test_names_and_all_exclude_each_other() -> None:
    for arguments in (["fetch"], ["fetch", "--all", "anime-sngan"]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert "or take all of them with --all" in result.output
    with pytest.raises(BenchError, match="did you mean anime-sngan"):
        fetch("anime-sngn")


def test_every_download_belongs_to_a_generator_and_fills_its_place() -> None:
    for name, download in DOWNLOADS.items():
        weights = GENERATORS[name].weights
        assert weights is not None
        in_folder = weights.name if weights.name in download.files else ""
        assert weights.parent.name == name or weights.name == name
        assert in_folder or set(download.files) == {"args.json", "generator.pt"}
        for source in download.sources:
            assert source.url.startswith("https://")
            assert set(source.members.values()) <= set(download.files)
            assert source.members or len(download.files) == 1


def test_the_list_tells_size_licence_and_state(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(main, ["list"], catch_exceptions=False)
    assert "about 282 MB; licence: MIT" in result.output
    assert "not verified" in result.output
    assert "bench fetch imagenet-biggan" in result.output


def test_no_time_is_lost_on_an_address_that_says_no(site: Site, offer: Offer) -> None:
    offer(Source(site.url("absent")))
    with pytest.raises(BenchError, match="404"):
        fetch("tiny")
    assert len(site.asked) == 1
    assert issubclass(requests.HTTPError, module.BROKEN)
