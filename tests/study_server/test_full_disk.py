"""A disk that is really full: nothing is confirmed that is not stored, the staff can still look,
and once there is room again the site goes on by itself."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from study_server import commands

from .blobs import EVERYBODY_COUNTS, blob_bundle
from .forking_server import ForkingServer, wait_until
from .quick_client import QuickClient
from .test_site_killed import Client, Seen

ROOM = 8 * 2**20  # bytes
CLIENTS = 4
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, of ROOM bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root may mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


class Filler(threading.Thread):
    """Takes all the room there is, and all that others give back, until `leave`."""

    def __init__(self, place: Path):
        super().__init__(daemon=True)
        self.file, self.left = place / "filler", threading.Event()

    def run(self) -> None:
        with self.file.open("wb", buffering=0) as file:
            while not self.left.is_set():
                try:
                    file.write(bytes(4096))
                except OSError:
                    time.sleep(0.005)

    def leave(self) -> None:
        self.left.set()
        self.join()
        self.file.unlink()


def test_a_full_disk_confirms_nothing_and_the_site_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    folder, database = tmp_path / "study", f"sqlite:///{small_disk}/study.sqlite"
    password = blob_bundle(
        folder,
        per_method=6,
        generators=("blobs-grey",),
        ratings=10**6,
        items=18,
        rules=EVERYBODY_COUNTS,
    )
    urls = commands.invite(folder, 200, BASE, database)
    links, seen = [url.removeprefix(BASE) for url in urls], Seen()
    with commands.opened(folder, database) as study:
        signs = study.links
    server, filler = ForkingServer(folder, database), Filler(small_disk)
    crowd = [Client(server.base, links, signs, n, seen) for n in range(CLIENTS)]
    try:
        server.start()
        wait_until(server.answers)
        staff = QuickClient(server.base)
        staff.get("/admin/sign-in")
        staff.post({"password": password})
        for client in crowd:
            client.start()
        wait_until(lambda: len(seen.confirmed) > 60, 120)

        filler.start()
        wait_until(lambda: len(seen.failures) > 40, 120)
        # A few may still find room in the log, which begins anew now and then: what counts is that
        # in the end all that was confirmed is stored.
        before = len(seen.confirmed)
        status, _, page = staff._request("GET", "/admin/", "")
        assert status == 200
        assert "left on the disk of the database: make room" in page.decode()
        staff.close()
        assert commands.status(folder, database=database)["state"] == "open"
        assert "its disk is full: make room" in server.log.read_text()
        assert len(server.members) == 2

        filler.leave()
        freed = time.monotonic()
        wait_until(lambda: len(seen.confirmed) > before + 60, 120)
        print(
            f"{before} answers, then {len(seen.failures)} refused; the first after there was room "
            f"came in {min(e for _, e in seen.waits if e > freed) - freed:.2f} s"
        )
        links.clear()
        for client in crowd:
            client.join(120)
        assert not any(client.is_alive() for client in crowd)
        log = server.log.read_text()
    finally:
        server.end()
    assert "Traceback" not in log
    with commands.opened(folder, database) as study, study.store.read() as db:
        assert db.execute(text("PRAGMA integrity_check")).all() == [("ok",)]
        rows = db.execute(text("SELECT annotator_id, key, answer FROM judgment")).all()
    stored = {(row.annotator_id, row.key): json.loads(row.answer)["category"] for row in rows}
    assert len(stored) == len(rows)
    assert stored == seen.confirmed
