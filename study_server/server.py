"""Serving a study: in the foreground, or in a thread of this process."""

import errno
import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.core.errors import BenchError
from study_server.app import create_app
from study_server.crew import Crew
from study_server.front import DIRECT, Front
from study_server.member import BACKLOG, Member
from study_server.retention import Keeper
from study_server.served import Served

PROCESSES = 2  # since Python runs one thread of a process at a time
PATIENCE = 2.0  # seconds for which a taken port is tried


def make_server(study: Served, host: str, port: int, front: Front = DIRECT) -> Member | Crew:
    """A server that listens; call `run` to serve. Port 0 takes a free port. front: the site's
    address as annotators see it.

    It serves with several processes where there are cores for them.
    """
    listener = _listen(host, port)
    processes = min(PROCESSES, os.cpu_count() or 1) if hasattr(os, "fork") else 1

    def member() -> Member:
        study.store.keep_settled()
        Keeper(study).start()
        application = create_app(study, front, processes)
        gc.collect()
        gc.freeze()  # what is there now stays: no need to look through it again and again
        return Member(application, listener)

    return Crew(processes, study.store, listener, member) if processes > 1 else member()


def _listen(host: str, port: int) -> socket.socket:
    """Open the port; wait a little while processes of a site that was just killed hold it."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_server((host, port), backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up:
                raise BenchError(
                    f"cannot listen on {host}:{port} ({error.strerror or error}); try another port"
                ) from error
        time.sleep(0.02)


@contextmanager
def running(study: Served) -> Iterator[str]:
    """Serve on a free local port in a thread; gives the site's address."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    study.store.keep_settled()
    server = Member(create_app(study), _listen("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.stop()
        thread.join(timeout=10)
