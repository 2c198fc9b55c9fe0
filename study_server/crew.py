"""Several processes that serve one study: they accept from one socket and write to one database."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from benchmark.core.errors import BenchError
from study_server.served import Served

# Children end when their parent says so, or is gone: it is the parent that is stopped.
AS_A_CHILD = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.SIG_IGN}
if hasattr(signal, "SIGHUP"):
    AS_A_CHILD[signal.SIGHUP] = signal.SIG_IGN


class Crew:
    """A parent that only waits, and `size` forked children that serve. They end with it, however
    it ends: each watches a pipe whose other end the parent alone holds open.

    start: makes a child's server, from the shared socket; called after the fork, since a process
    must start its threads and database connections itself.
    """

    def __init__(self, size: int, study: Served, listener: socket.socket, start: Callable[[], Any]):
        self.effective_port: int = listener.getsockname()[1]
        self._size, self._study, self._listener, self._start = size, study, listener, start
        self._children: list[int] = []

    def run(self) -> None:
        """Serve until interrupted. Raises BenchError where a child ends by itself: the others
        might wait for a lock that it held."""
        self._study.store.prepare_fork()
        watched, self._held = os.pipe()
        for _ in range(self._size):
            child = os.fork()
            if child == 0:
                os.close(self._held)
                self._serve(watched)
            self._children.append(child)
        os.close(watched)
        try:
            child, status = os.wait()
        except KeyboardInterrupt:
            return
        self._children.remove(child)
        code = os.waitstatus_to_exitcode(status)
        raise BenchError(f"a process of the site ended by itself (exit code {code}); start again")

    def close(self) -> None:
        """End the children and the socket."""
        for child in self._children:
            os.kill(child, signal.SIGTERM)
        for child in self._children:
            os.waitpid(child, 0)
        self._children.clear()
        self._listener.close()

    def _serve(self, watched: int) -> None:
        """Run a child until it ends; it must never return into the parent's code."""

        def watch() -> None:
            os.read(watched, 1)  # comes back when the parent is gone
            self._study.store.end()
            os._exit(0)

        code = 1
        for number, what in AS_A_CHILD.items():
            signal.signal(number, what)
        try:
            threading.Thread(target=watch, daemon=True).start()
            self._start().run()
            code = 0
        finally:
            os._exit(code)
