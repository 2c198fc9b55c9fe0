"""A process that serves, told to stop: what has begun is answered, and the end comes soon."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from study_server import member
from study_server.member import Member

from .forking_server import wait_until


class Slow:
    """A page that comes once it is let go."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.app = Flask(__name__)
        self.app.add_url_rule("/", view_func=self.page)

    def page(self) -> str:
        self.asked.set()
        self.go.wait(20)
        return "x" * 100_000


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.go.set()


@pytest.fixture
def served(slow: Slow) -> Iterator[tuple[Member, threading.Thread]]:
    one = Member(slow.app, socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=one.run)
    thread.start()
    yield one, thread
    slow.go.set()
    one.stop()
    thread.join()


def ask(one: Member) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", one.effective_port, timeout=20)
    connection.request("GET", "/")
    return connection


def test_three_hundred_who_say_nothing_shut_nobody_out(slow: Slow, served) -> None:
    one, _ = served
    slow.go.set()
    idle = []
    for _ in range(300):
        connection = ask(one)
        assert connection.getresponse().read()
        assert connection.sock is not None  # it is kept
        idle.append(connection)
    late = ask(one)
    late.sock.settimeout(5)
    assert late.getresponse().status == 200
    for connection in [*idle, late]:
        connection.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_request_that_has_begun_is_answered(slow: Slow, served) -> None:
    one, thread = served
    idle = socket.create_connection(("127.0.0.1", one.effective_port))
    connection = ask(one)
    assert slow.asked.wait(20)
    one.stop()
    wait_until(lambda: not listens(one.effective_port))
    assert idle.recv(1) == b""  # closed, since it waits for nothing
    slow.go.set()
    assert connection.getresponse().read() == b"x" * 100_000
    thread.join(timeout=20)
    assert not thread.is_alive()
    connection.close()
    idle.close()


def test_a_request_without_end_is_dropped(
    slow: Slow, served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "FINISH", 0.1)
    one, thread = served
    connection = ask(one)
    assert slow.asked.wait(20)
    began = time.monotonic()
    one.stop()
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    assert time.monotonic() - began < 20
    thread.join(timeout=20)
    connection.close()
