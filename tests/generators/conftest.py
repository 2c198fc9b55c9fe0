"""A server of downloads, an empty cache for weights, and a download that a test offers."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.generators.published import DOWNLOADS, Download, Source

from .downloads import Offer, Site


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
            tags = {"ETag": here.etag(path)} if here.tells_etag else {}
            if (wanted_tag := self.headers.get("If-Range")) and not here.ignores_if_range:
                start = start if wanted_tag == here.etag(path) else 0
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            for name, value in tags.items():
                self.send_header(name, value)
            if start:
                first = start if here.shift is None else start - here.shift
                start = first
                self.send_header(
                    "Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}"
                )
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Makes `bench fetch tiny` a download of `files` from these sources."""

    def make(*sources: Source, files: tuple[str, ...] = ("weights.pth",)) -> None:
        download = Download(files, 1, "none", sources)
        monkeypatch.setitem(DOWNLOADS, "tiny", download)

    return make
