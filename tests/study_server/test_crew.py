"""The processes of a served study: they share the work and end together, however that happens."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from study_server import server as serving
from study_server.bundle import Bundle
from study_server.served import open_study

from .test_site_killed import Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from pathlib import Path
from study_server import commands, server
server.os.cpu_count = lambda: 2
commands.serve(Path(sys.argv[1]), port=int(sys.argv[2]))
"""


def children(pid: int) -> list[int]:
    """Processes that `pid` started."""
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    return [child for child, parent in pairs if parent == pid]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(happened, seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_all_processes_end_with_their_parent(bundle: Bundle, end: signal.Signals) -> None:
    port = _free_port()
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(bundle.folder), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C, which reaches a whole group, reaches this one
    )
    try:
        wait_until(lambda: len(children(parent.pid)) == 2 and listening(port))
        crew = children(parent.pid)
        os.killpg(parent.pid, end) if end == signal.SIGINT else os.kill(parent.pid, end)
        parent.wait(timeout=20)
        wait_until(lambda: not listening(port))
        wait_until(lambda: not any(map(_alive, crew)))
    finally:
        parent.kill()
        parent.wait()


def test_a_child_that_dies_ends_the_site(bundle: Bundle) -> None:
    server = Server(bundle.folder)
    try:
        server.start()
        wait_until(lambda: listening(server.port))
        if os.cpu_count() == 1:
            pytest.skip("one core: one process")
        wait_until(lambda: len(children(server.child)) == 2)
        os.kill(children(server.child)[0], signal.SIGKILL)
        wait_until(lambda: not listening(server.port))
    finally:
        server.parent.kill()
        server.parent.wait()
        server.parent.stdin.close()
        server.parent.stdout.close()


def test_a_taken_port_is_named(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.1)
    study = open_study(bundle)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BenchError, match=f"cannot listen on 127.0.0.1:{port}"):
            serving.make_server(study, "127.0.0.1", port)
    study.store.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # an orphan that nobody waited for yet
