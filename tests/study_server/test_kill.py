"""The server is killed again and again while people answer: nothing confirmed is lost or doubled."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from study_server import commands
from study_server.visitor import Visitor

from .blobs import blob_bundle
from .conftest import QUIZ

CLIENTS = 8


class Server:
    """A study served by a process that can be killed and started again."""

    def __init__(self, folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        script = Path(__file__).with_name("forking_server.py")
        self.parent = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )

    def start(self) -> None:
        self.parent.stdin.write("\n")
        self.parent.stdin.flush()
        while not (line := self.parent.stdout.readline().strip()).isdigit():
            assert self.parent.poll() is None, "the server did not start"
        self.child = int(line)

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "study"
    blob_bundle(folder, per_method=6, generators=("blobs-grey",), ratings=10_000, items=18)
    server = Server(folder)
    server.folder = folder
    yield server
    server.kill()
    server.parent.stdin.close()
    server.parent.wait(timeout=30)
    server.parent.stdout.close()


class Client(threading.Thread):
    """Takes part in the study under one link after the other; repeats what was not confirmed."""

    def __init__(self, base: str, links: list[str], signer: URLSafeSerializer, number: int):
        super().__init__()
        self.base, self.links, self.signer = base, links, signer
        self.rng = random.Random(number)
        self.confirmed: dict[tuple[int, str], tuple[str, bool]] = {}
        self.refused: list[tuple[int, str]] = []
        self.stop = False

    def run(self) -> None:
        while not self.stop:
            visitor = Visitor(self.base, timeout=20)
            self.insist(lambda: visitor.get(self.links.pop()))
            for fields in ({"choice": "agree"}, {}, QUIZ):
                self.insist(lambda fields=fields: visitor.post(fields))
            while visitor.last.path.startswith("/items") and not self.stop:
                if visitor.last.path == "/items":
                    self.insist(lambda: visitor.post({}))
                    continue
                position = int(visitor.last.path.split("/")[-1])
                if position and self.rng.random() < 0.1:  # back, to change the last answer
                    here = visitor.last.path
                    self.insist(lambda p=position - 1: visitor.get(f"/items/{p}"))
                    self.answer(visitor)
                    assert visitor.last.path == here
                self.answer(visitor)
            visitor.close()

    def answer(self, visitor: Visitor) -> None:
        annotator, _, _, _, key = self.signer.loads(visitor.last.hidden["ticket"])
        label, single = f"{self.rng.random()}", self.rng.random() < 0.8
        fields = {"consistent": "yes", "single": "yes" if single else "no"}
        fields |= {"category": "other", "other": label} if single else {}
        self.insist(lambda: visitor.post(fields))
        if visitor.last.status == 200:
            self.confirmed[annotator, key] = (label if single else "", single)

    def insist(self, send) -> None:
        """Try until the server is there. A retry sends the same form again."""
        while True:
            try:
                reply = send()
                if reply.status != 200:
                    self.refused.append((reply.status, reply.path))
                return
            except OSError:
                if self.stop:
                    return
                time.sleep(0.02)


@pytest.mark.parametrize(
    ("kills", "answers"),
    [(20, 2_000), pytest.param(40, 10_000, marks=pytest.mark.slow)],
)
def test_nothing_confirmed_is_lost_or_doubled(server: Server, kills: int, answers: int) -> None:
    links = [url.removeprefix("http://127.0.0.1:8000") for url in
             commands.invite(server.folder, answers // 10)]  # fmt: skip
    with commands.opened(server.folder) as study:
        signer = URLSafeSerializer(study.bundle.secrets["secret_key"], salt="ticket")
    server.start()
    crowd = [Client(server.base, links, signer, number) for number in range(CLIENTS)]
    for client in crowd:
        client.start()
    for number in range(1, kills + 1):
        while sum(len(client.confirmed) for client in crowd) < number * answers / kills:
            time.sleep(0.01)
            assert any(client.is_alive() for client in crowd)
        server.kill()
        server.start()
    for client in crowd:
        client.stop = True
    for client in crowd:
        client.join()
    confirmed = {key: value for client in crowd for key, value in client.confirmed.items()}
    assert len(confirmed) >= answers
    assert [refusal for client in crowd for refusal in client.refused] == []
    server.kill()

    with sqlite3.connect(server.folder / "private" / "study.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = database.execute("SELECT annotator_id, key, category, single FROM judgment")
        stored = {}
        for annotator, key, category, single in rows:
            assert (annotator, key) not in stored
            stored[annotator, key] = (category, bool(single))
        doubled = database.execute(
            "SELECT 1 FROM judgment GROUP BY annotator_id, item_id, repeat, revision "
            "HAVING count(*) > 1"
        ).fetchall()
        gaps = database.execute(
            "SELECT 1 FROM judgment GROUP BY annotator_id, item_id, repeat "
            "HAVING max(revision) + 1 <> count(*)"
        ).fetchall()
    assert doubled == gaps == []
    lost = {k: v for k, v in confirmed.items() if stored.get(k) != v and v[1]}
    assert lost == {}
    server.start()  # so that the fixture has something to end
