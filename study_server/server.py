"""Serving a study with waitress: in the foreground, or in a thread of this process."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress.server import create_server

from benchmark.errors import BenchError
from study_server.app import create_app
from study_server.study import Served

THREADS = 8  # requests worked on at once; their writes are committed together
BACKLOG = 1024  # connections that may wait to be accepted


def make_server(study: Served, host: str, port: int, behind_proxy: bool = False) -> Any:
    """A waitress server that listens but does not serve yet. port 0 takes a free one."""
    app = create_app(study, behind_proxy)
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise BenchError(
            f"cannot listen on {host}:{port} ({error.strerror or error}); try another port"
        ) from error
    return create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        backlog=BACKLOG,
        connection_limit=1000,
        channel_timeout=60,
        max_request_body_size=64 * 1024,
        max_request_header_size=16 * 1024,
        ident=None,  # no Server header
        clear_untrusted_proxy_headers=not behind_proxy,
    )


def stop_server(server: Any) -> None:
    """Close the listener and all connections, from within the loop of `server.run`."""
    connections = server._map  # waitress closes its listener alone and waits for the others
    server.trigger.pull_trigger(lambda: server.asyncore.close_all(connections, ignore_all=True))


@contextmanager
def running(study: Served) -> Iterator[str]:
    """Serve on a free local port in a thread; gives the site's address."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = make_server(study, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop_server(server)
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()
