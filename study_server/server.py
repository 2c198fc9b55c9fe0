"""Serving a study with waitress: in the foreground, or in a thread of this process."""

import errno
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress.server import create_server

from benchmark.core.errors import BenchError
from study_server.app import create_app
from study_server.crew import Crew
from study_server.gate import PLACES
from study_server.served import Served

PROCESSES = 2  # since Python runs one thread of a process at a time
THREADS = PLACES + 2  # of a process; the last ones are for what needs no database
PIECE = 16 * 1024  # bytes sent at once: a page with its header, instead of each by itself
BACKLOG = 1024  # connections that may wait to be accepted
PATIENCE = 2.0  # seconds for which a taken port is tried


def make_server(study: Served, host: str, port: int, behind_proxy: bool = False) -> Any:
    """A server that listens; call `run` to serve. Port 0 takes a free port.

    It serves with several processes where there are cores for them.
    """
    listener = _listen(host, port)
    processes = min(PROCESSES, os.cpu_count() or 1) if hasattr(os, "fork") else 1
    if processes > 1:
        return Crew(
            processes, study, listener, lambda: _waitress(study, listener, behind_proxy, processes)
        )
    return _waitress(study, listener, behind_proxy)


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


def _waitress(
    study: Served, listener: socket.socket, behind_proxy: bool, processes: int = 1
) -> Any:
    server = create_server(
        create_app(study, behind_proxy, processes),
        sockets=[listener],
        threads=THREADS,
        backlog=BACKLOG,
        connection_limit=1000,
        channel_timeout=60,
        max_request_body_size=64 * 1024,
        max_request_header_size=16 * 1024,
        ident=None,  # no Server header
        clear_untrusted_proxy_headers=not behind_proxy,
        asyncore_use_poll=hasattr(select, "poll"),
    )
    study.store.keep_settled()
    server.adj.send_bytes = PIECE  # as an argument it warns that it may go one day
    return server


def stop_server(server: Any) -> None:
    """Close all connections and the listener, from within the loop of `server.run`."""

    def close() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()  # also the file that it was about to send
        server.asyncore.close_all(server._map, ignore_all=True)

    server.trigger.pull_trigger(close)


@contextmanager
def running(study: Served) -> Iterator[str]:
    """Serve on a free local port in a thread; gives the site's address."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = _waitress(study, _listen("127.0.0.1", 0), behind_proxy=False)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop_server(server)
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()
