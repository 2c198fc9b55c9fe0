"""The processes of a served study share the work; who dies is replaced, and all end together."""

import errno
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from study_server import crew
from study_server import server as serving
from study_server.bundle import Bundle
from study_server.crew import Crew
from study_server.databases import sqlite_url
from study_server.member import Member
from study_server.served import open_study
from study_server.stopping import Stop
from study_server.store import Store

from .forking_server import ForkingServer, alive, children, wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def server(bundle: Bundle) -> Iterator[ForkingServer]:
    server = ForkingServer(bundle.folder)
    yield server
    server.end()


def whole(server: ForkingServer) -> bool:
    return len(server.members) == 2 and server.answers()


def test_all_processes_end_with_their_parent_however_that_ends(server: ForkingServer) -> None:
    everybody: list[int] = []
    server.start()
    for end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        wait_until(lambda: whole(server))
        everybody += server.members
        if end == signal.SIGINT:
            os.killpg(server.parent, end)  # as Ctrl-C does, which reaches the members as well
        else:
            server.kill(end)
        code = server.start()
        assert code == ("-9" if end == signal.SIGKILL else "0")
    wait_until(lambda: whole(server))
    wait_until(lambda: not any(map(alive, everybody)))


def test_ctrl_c_is_heard_at_any_moment_of_the_start(server: ForkingServer) -> None:
    rng = random.Random(0)
    server.start()
    for _ in range(4):
        wait_until(lambda: server.listens() or not alive(server.parent))
        time.sleep(0.05 * rng.random())
        os.killpg(server.parent, signal.SIGINT)
        wait_until(lambda: not alive(server.parent))
        assert server.start() == "0"


def test_a_member_that_dies_is_replaced_while_the_others_serve(server: ForkingServer) -> None:
    server.start()
    wait_until(lambda: whole(server))
    parent = server.parent
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        first, second = server.members
        os.kill(first, number)
        wait_until(server.answers)  # the second try, where the dead one had taken the first
        wait_until(lambda dead=first: dead not in server.members and len(server.members) == 2)
        assert second in server.members
    for member in server.members:  # all at once: those who come wait in line
        os.kill(member, signal.SIGKILL)
    wait_until(server.answers)
    assert alive(parent)
    assert (
        "a process of the site ended (SIGSEGV); another takes its place" in server.log.read_text()
    )


def test_a_member_that_hangs_is_replaced_while_the_other_serves(bundle: Bundle) -> None:
    server = ForkingServer(bundle.folder, ask=0.5)
    try:
        server.start()
        wait_until(lambda: whole(server))
        first, second = server.members
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: not alive(first), 60)
        wait_until(lambda: whole(server))
        assert second in server.members
        assert "ended (no answer for 3 s); another takes its place" in server.log.read_text()
        assert server.log.read_text().count("another takes its place") == 1
    finally:
        server.end()


class Busy:
    """A member whose threads work without a pause, and whose main thread waits."""

    def run(self) -> None:
        for _ in range(4):
            threading.Thread(target=self._work, daemon=True).start()
        time.sleep(60)

    def stop(self) -> None:
        os._exit(0)

    def _work(self) -> None:
        while True:
            sum(range(10_000))


def test_who_is_busy_is_not_ended_and_a_pause_of_the_whole_site_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "ASK", 0.4)
    store = Store(sqlite_url(tmp_path / "x.sqlite"))
    stop, pending = Stop(), []

    def ask(self: Crew) -> None:
        asked(self)
        pending.append(max(self._members.values()))
        if len(pending) == 3:  # as if Ctrl-Z had stopped all of it for a while
            for member in self._members:
                os.kill(member, signal.SIGSTOP)
            time.sleep(3.0)
            for member in self._members:
                os.kill(member, signal.SIGCONT)
        stop.asked = len(pending) >= 12

    asked = Crew._ask
    monkeypatch.setattr(Crew, "_ask", ask)
    monkeypatch.setattr(Crew, "_mind", lambda self, how: pytest.fail(how))
    Crew(2, store, socket.create_server(("127.0.0.1", 0)), Busy).run(stop)
    assert 1 <= max(pending) <= crew.UNANSWERED
    store.close()


def test_three_hundred_who_say_nothing_shut_nobody_out(server: ForkingServer) -> None:
    server.start()
    wait_until(lambda: whole(server))
    idle = []
    for number in range(300):  # some have read a page, some begin to ask, some say nothing
        idle.append(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        if number % 3:
            idle[-1].sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n" + b"\r\n" * (number % 3 - 1))
    for connection in idle[2::3]:
        assert connection.recv(64).startswith(b"HTTP/1.1 404")
    for _ in server.members:  # whichever takes it
        began = time.monotonic()
        assert server.answers()
        assert time.monotonic() - began < 5
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    ("start", "how"),
    [
        (lambda: 1 / 0, "exit code 1"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
    ],
)
def test_members_that_die_too_fast_end_the_site_with_the_reason(
    start: Callable[[], Member], how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "DEATHS", 5)
    store = Store(sqlite_url(tmp_path / "x.sqlite"))
    handlers = [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT)]
    before = children(os.getpid())
    site = Crew(2, store, socket.create_server(("127.0.0.1", 0)), start)
    words = rf"ended 5 times in \d+ s, the last by {how}, {how}, {how}; look for errors in the lin"
    with Stop() as stop, pytest.raises(BenchError, match=words) as caught:
        site.run(stop)
    assert "\n" not in str(caught.value)
    assert set(children(os.getpid())) <= set(before)
    assert [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT)] == handlers
    store.close()


def test_the_site_goes_on_where_no_process_can_be_started_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tries = Store(sqlite_url(tmp_path / "x.sqlite")), []
    fork = os.fork

    def scarce() -> int:
        tries.append(len(tries))
        if len(tries) in (2, 3):
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        if len(tries) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return fork()

    monkeypatch.setattr(os, "fork", scarce)
    monkeypatch.setattr(crew, "PAUSE", 0.01)
    with Stop() as stop:
        Crew(2, store, socket.create_server(("127.0.0.1", 0)), lambda: time.sleep(60)).run(stop)
    assert tries == [0, 1, 2, 3]
    monkeypatch.setattr(os, "fork", lambda: os.open(tmp_path / "absent", os.O_RDONLY))
    monkeypatch.setattr(crew, "DEATHS", 3)
    with pytest.raises(BenchError, match="the last by no other could be started: No such file"):
        Crew(2, store, socket.create_server(("127.0.0.1", 0)), lambda: None).run(Stop())
    store.close()


def test_deaths_now_and_then_do_not_end_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "DEATHS", 2)
    monkeypatch.setattr(crew, "MINUTE", 0.0)
    store = Store(sqlite_url(tmp_path / "x.sqlite"))
    stop, counted = Stop(), []

    def mind(self: Crew, how: str) -> None:
        minded(self, how)
        counted.append(how)
        stop.asked = len(counted) >= 6

    minded = Crew._mind
    monkeypatch.setattr(Crew, "_mind", mind)
    Crew(2, store, socket.create_server(("127.0.0.1", 0)), lambda: os._exit(3)).run(stop)
    assert counted[:6] == ["exit code 3"] * 6
    store.close()


def test_a_taken_port_is_named(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.1)
    study = open_study(bundle)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BenchError, match=f"cannot listen on 127.0.0.1:{port}"):
            serving.make_server(study, "127.0.0.1", port)
    study.store.close()
