"""A served study for tests that kill it, in a process of its own; forking spares it the imports.

As a script it serves the study in a child process for every line on stdin, and prints the exit
status of the child before it, or -, and the new one's process id.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]


class ForkingServer:
    """The study in `folder`, served by two processes and their parent once it is `start`ed.

    database: a URL in place of the study's own file. deaths: so many in a minute are too many. ask:
    seconds between two questions to members whether they hang.
    """

    def __init__(self, folder: Path, database: str = "", deaths: int = 10_000, ask: float = 10.0):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_suffix(".log")
        words = [str(folder), str(self.port), database, str(deaths), str(ask)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )

    def start(self) -> str:
        """Serve, in place of a server that is gone or goes; returns that one's exit status."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        while True:
            words = self._process.stdout.readline().split()
            assert words, f"the server did not start: {self.log.read_text()[-2000:]}"
            if words[0] == "started":
                self.parent = int(words[2])
                return words[1]

    def kill(self, number: int = signal.SIGKILL, member: int = 0) -> None:
        """Send the parent, or a member, a signal."""
        os.kill(member or self.parent, number)

    @property
    def members(self) -> list[int]:
        """The processes that serve."""
        return children(self.parent)

    def answers(self) -> bool:
        """Whether a page comes back."""
        try:
            with urllib.request.urlopen(f"{self.base}/nowhere", timeout=20):
                return False
        except urllib.error.HTTPError as error:
            error.close()
            return error.code == 404
        except OSError:
            return False

    def listens(self) -> bool:
        """Whether a connection is taken."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> None:
        """Kill what serves, and end the process that starts it."""
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that have not ended."""
    return [child for child, parent in _processes().items() if parent == pid]


def alive(pid: int) -> bool:
    """Whether the process has not ended."""
    return pid in _processes()


def _processes() -> dict[int, int]:
    """The parent of every process that has not ended."""
    words = ["ps", "-e", "-o", "pid=,ppid=,stat="]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as listing:
        lines = [line.split() for line in listing.communicate()[0].splitlines()]
    return {
        int(pid): int(parent)
        for pid, parent, state in lines
        if state[0] != "Z" and int(pid) != listing.pid
    }


def wait_until(happened, seconds: float = 20.0) -> None:
    """Look every few milliseconds."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def main(folder: str, port: str, database: str, deaths: str, ask: str) -> None:
    from study_server import commands, crew, server
    from study_server.stopping import Stop

    server.os.cpu_count = lambda: 2
    crew.DEATHS, crew.ASK = int(deaths), float(ask)
    child, ended = 0, "-"
    for _ in sys.stdin:
        if child:
            ended = str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        child = os.fork()
        if child == 0:
            os.setsid()  # Ctrl-C reaches a whole group: this one
            signal.signal(signal.SIGINT, signal.default_int_handler)  # as in the foreground
            with Stop() as stop:
                commands.serve(Path(folder), stop, port=int(port), database=database or None)
            os._exit(0)
        print("started", ended, child, flush=True)
    if child:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
