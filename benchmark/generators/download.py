"""Downloads the weights that the authors publish: resumed, checked, never half there.

A file arrives as a `.part` in the cache folder, keeps what came if the connection breaks, and takes
its place only when it is whole and its SHA-256, where one is known, is right. What came goes on
only where the server says that it still has the same file, by the validator that is kept beside it,
and sends from the right byte on. Nothing else in the folder is touched.
"""

import hashlib
import re
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pooch
import requests

from benchmark.core.errors import BenchError, unknown
from benchmark.core.progress import Progress
from benchmark.core.storage import sha256, write_atomically
from benchmark.generators.catalogue import weights_home
from benchmark.generators.published import DOWNLOADS, Download, Source

ATTEMPTS = 3  # connections to one address, each going on where the last one broke
BLOCK = 1 << 16  # bytes; what a broken connection may cost
MEGABYTE = 1_000_000
TIMEOUT = 30.0  # seconds without a byte
RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
CHANGED = "the file at this address has changed; the download starts anew"
BROKEN = (requests.RequestException, OSError)
SILENT = "warning"  # pooch would tell of every hash that is not known


def fetch(name: str) -> dict[Path, str]:
    """Download the files of `name`; returns the path and SHA-256 of each.

    Files that are there already stay. Each source is tried in turn; raises BenchError saying what
    went wrong with each of them.
    """
    if name not in DOWNLOADS:
        raise unknown("download", name, DOWNLOADS)
    download, folder = DOWNLOADS[name], weights_home() / name
    faults: list[str] = []
    for source in download.sources:
        if not download.missing(folder):
            break
        try:
            _bring(name, download, source, folder)
        except BenchError as error:
            faults.append(str(error))
    if download.missing(folder):
        reasons = "; ".join(faults)
        raise BenchError(
            f"{name} could not be fetched: {reasons}; run the command again to continue"
        )
    return {folder / file: sha256(folder / file) for file in download.files}


def _bring(name: str, download: Download, source: Source, folder: Path) -> None:
    """Download the wanted files of one source into `folder`."""
    digest = hashlib.sha256(source.url.encode()).hexdigest()[:12]
    arrived = folder / f".{digest}.download"
    hashed = bool(source.sha256 or source.git_blob)
    downloader = ResumingDownloader(folder / f".{digest}.part", name, hashed)
    pooch.get_logger().setLevel(SILENT.upper())
    try:
        pooch.retrieve(
            source.url, source.sha256 or None, arrived.name, folder, downloader=downloader
        )
    except ValueError as error:  # pooch's name for a wrong hash; it deleted only what came
        raise BenchError(_wrong(source, "SHA-256", source.sha256, downloader.sha256)) from error
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}") from error
    try:
        if source.git_blob and (found := _git_blob(arrived)) != source.git_blob:
            raise BenchError(_wrong(source, "git blob", source.git_blob, found))
        if source.members:
            _unpack(arrived, source, folder)
        else:
            arrived.replace(folder / download.files[0])
    finally:
        arrived.unlink(missing_ok=True)


def _wrong(source: Source, kind: str, expected: str, found: str) -> str:
    return f"{source.url} gave another file: {kind} {found}, expected {expected}"


class ResumingDownloader:
    """Downloader for pooch: bytes go to `part`, which stays when the connection breaks.

    hashed: whether a hash will tell if the file is the right one, so that a server without
    validators may be trusted to go on with the same file.
    """

    def __init__(self, part: Path, label: str, hashed: bool = False) -> None:
        self.part, self.label, self.hashed = part, label, hashed
        self.validator = part.with_suffix(".validator")
        self.sha256 = ""

    def __call__(self, url: str, output_file: str, _pooch: Any) -> None:
        """Raises BenchError after ATTEMPTS connections that did not bring the whole file."""
        fault = "no answer"
        for _ in range(ATTEMPTS):
            try:
                expected = self._receive(url)
            except BROKEN as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                fault = f"{url}: {reason}"
                if isinstance(error, requests.HTTPError):
                    break  # it will not answer otherwise the next time
                continue
            size = self.part.stat().st_size
            if expected is None or size == expected:
                self.sha256 = sha256(self.part)
                shutil.move(self.part, output_file)
                self.validator.unlink(missing_ok=True)
                return
            fault = f"{url} was cut after {size:,} of {expected:,} bytes"
            if size > expected:
                self._start_over()
        raise BenchError(fault)

    def _receive(self, url: str) -> int | None:
        """Append what is missing to `part`; returns the size of the whole file, if it is told."""
        have = self.part.stat().st_size if self.part.exists() else 0
        known = self.validator.read_text() if have and self.validator.exists() else ""
        if have and not known and not self.hashed:
            self._start_over()
            have = 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        if have and known:
            headers["If-Range"] = known
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return self._size_told(response, known)
            response.raise_for_status()
            if response.headers.get("Content-Type", "").startswith("text/html"):
                raise requests.HTTPError("a web page came instead of a file")
            resumed = response.status_code == requests.codes.partial_content
            if resumed and not self._goes_on(response, have, known):
                self._start_over()
                raise requests.ConnectionError(CHANGED)
            have = have if resumed else 0
            length = response.headers.get("Content-Length")
            total = None if length is None else have + int(length)
            progress = Progress(
                f"{self.label}, MB", max(1, (total or 0) // MEGABYTE), have // MEGABYTE
            )
            self.part.parent.mkdir(parents=True, exist_ok=True)
            if not resumed:  # the validator first: without one a part is never gone on with
                self._start_over()
                self.validator.write_text(_validator(response))
            with self.part.open("ab") as file:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    progress.update(file.tell() // MEGABYTE, {})
        return total

    def _goes_on(self, response: requests.Response, have: int, known: str) -> bool:
        """Whether a part of the file comes, of the same file, from the byte that is wanted on."""
        span = RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        starts = span is not None and int(span[1]) == have
        return starts and _validator(response) in ({known, ""} if known else {""})

    def _size_told(self, response: requests.Response, known: str) -> int | None:
        """The size, where the server has nothing after the part and the part is whole."""
        size = response.headers.get("Content-Range", "").rpartition("/")[2]
        same = _validator(response) in ({known, ""} if known else {""})
        if same and size.isdigit() and int(size) == self.part.stat().st_size:
            return int(size)
        self._start_over()
        raise requests.ConnectionError(CHANGED)

    def _start_over(self) -> None:
        self.part.unlink(missing_ok=True)
        self.validator.unlink(missing_ok=True)


def _validator(response: requests.Response) -> str:
    """What tells the server's file from another one: a strong ETag, else its date; or empty."""
    etag = response.headers.get("ETag", "").strip()
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")


def _git_blob(path: Path) -> str:
    """The name by which git knows the content of a file."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _unpack(archive: Path, source: Source, folder: Path) -> None:
    """Copy the wanted members, and no others, out of a tar or zip into `folder`."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                for ending, name in source.members.items():
                    member = _one(zipped.namelist(), ending, source)
                    with zipped.open(member) as content:
                        _write(content, folder / name)
            return
        with tarfile.open(archive) as tarred:
            for ending, name in source.members.items():
                content_or_none = tarred.extractfile(_one(tarred.getnames(), ending, source))
                if content_or_none is None:
                    raise BenchError(f"{source.url}: {ending} is no file")
                with content_or_none as content:
                    _write(content, folder / name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BenchError(f"{source.url} gave no whole tar or zip: {error}") from error


def _one(names: list[str], ending: str, source: Source) -> str:
    matches = [name for name in names if f"/{name}".endswith(f"/{ending}")]
    if len(matches) != 1:
        raise BenchError(f"{source.url} holds {len(matches)} files {ending}, not one")
    return matches[0]


def _write(content: Any, path: Path) -> None:
    def copy(part: Path) -> None:
        with part.open("wb") as file:
            shutil.copyfileobj(content, file, BLOCK)

    write_atomically(path, copy)
