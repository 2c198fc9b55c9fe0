"""The server is killed while people answer: nothing confirmed is lost or doubled."""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from study_server import commands
from study_server.links import Links
from study_server.visitor import Reply, Visitor

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
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
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
    """Takes part in the study with one link after another; repeats answers not confirmed."""

    def __init__(self, base: str, links: list[str], signs: Links, number: int):
        super().__init__()
        self.base, self.links, self.signs = base, links, signs
        self.rng = random.Random(number)
        self.confirmed: dict[tuple[int, str], str] = {}  # (annotator, key) -> category
        self.refused: list[tuple[int, str]] = []
        self.stop = False

    def run(self) -> None:
        while not self.stop:
            self.visitor = Visitor(self.base, timeout=20)
            self.get(self.links.pop())
            for fields in ({"choice": "agree"}, {}, QUIZ):
                self.post(fields)
            while self.path.startswith("/items") and not self.stop:
                if self.path == "/items":
                    self.post({})
                    continue
                position = int(self.path.rsplit("/", 1)[1])
                if position and self.rng.random() < 0.1:  # back, to change the last answer
                    self.get(f"/items/{position - 1}")
                    self.answer()
                self.answer()
            self.visitor.close()

    @property
    def path(self) -> str:
        return self.visitor.last.path

    def answer(self) -> None:
        """Every answer has a word of its own, so that each must be found again."""
        ticket = self.visitor.last.hidden.get("ticket")
        if ticket is None:  # stopped while the server was away
            return
        shown = self.signs.read_ticket(ticket)
        word = str(self.rng.random())
        own = {"category": "other", "category-other": word}
        if self.post({"consistent": "yes", "single": "yes"} | own):
            self.confirmed[shown.annotator_id, shown.key] = word

    def get(self, path: str) -> bool:
        return self.insist(lambda: self.visitor.get(path))

    def post(self, fields: dict[str, str]) -> bool:
        return self.insist(lambda: self.visitor.post(fields))

    def insist(self, send: Callable[[], Reply]) -> bool:
        """Try until the server is there; a retry sends the same form. False: stopped before."""
        while True:
            try:
                reply = send()
            except OSError:
                if self.stop:
                    return False
                time.sleep(0.02)
            else:
                if reply.status != 200:
                    self.refused.append((reply.status, reply.path))
                return reply.status == 200


@pytest.mark.parametrize(
    ("kills", "answers"),
    [(20, 2_000), pytest.param(40, 10_000, marks=pytest.mark.slow)],
)
def test_nothing_confirmed_is_lost_or_doubled(server: Server, kills: int, answers: int) -> None:
    links = [
        url.removeprefix("http://127.0.0.1:8000")
        for url in commands.invite(server.folder, answers // 10)
    ]
    with commands.opened(server.folder) as study:
        signs = study.links
    server.start()
    crowd = [Client(server.base, links, signs, number) for number in range(CLIENTS)]
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
        rows = database.execute("SELECT annotator_id, key, answer FROM judgment").fetchall()
        doubled = database.execute(
            "SELECT 1 FROM judgment GROUP BY annotator_id, item_id, repeat, revision "
            "HAVING count(*) > 1"
        ).fetchall()
        gaps = database.execute(
            "SELECT 1 FROM judgment GROUP BY annotator_id, item_id, repeat "
            "HAVING max(revision) + 1 <> count(*)"
        ).fetchall()
    assert doubled == gaps == []
    stored = {(who, key): json.loads(answer)["category"] for who, key, answer in rows}
    assert len(stored) == len(rows)
    assert {key: stored.get(key) for key in confirmed} == confirmed
    server.start()  # so that the fixture has something to end
