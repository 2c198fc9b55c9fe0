"""One process that serves: waitress, in a loop that can be told to end and then tidies up."""

import select
import socket
import time
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from study_server.gate import PLACES
from study_server.stopping import Stop

THREADS = PLACES + 2  # the last ones are for what needs no database
PIECE = 16 * 1024  # bytes sent at once: a page with its header, instead of each by itself
BACKLOG = 1024  # connections that may wait to be accepted
FINISH = 5.0  # seconds after a stop for requests that have begun


class Member:
    """A server of `application` on a socket that listens."""

    def __init__(self, application: Flask, listener: socket.socket):
        self._stopped = False
        self._server: Any = create_server(
            application,
            sockets=[listener],
            threads=THREADS,
            backlog=BACKLOG,
            connection_limit=1000,
            channel_timeout=60,
            max_request_body_size=64 * 1024,
            max_request_header_size=16 * 1024,
            ident=None,  # no Server header
            clear_untrusted_proxy_headers=False,  # the site's door clears them
            asyncore_use_poll=hasattr(select, "poll"),
        )
        self._server.adj.send_bytes = PIECE  # as an argument it warns that it may go one day
        self.effective_port = int(self._server.effective_port)

    def run(self, stop: Stop | None = None) -> None:
        """Serve until `stop` is called, here or by the signals that the argument hears.

        Then no connection is taken any more, requests that have begun are answered, and after
        FINISH seconds those that are not are dropped without an answer.
        """
        if stop is not None:
            stop.then(self.stop)
        try:
            while not self._stopped:
                self._turn(1.0)
            wasyncore.dispatcher.close(self._server)  # the listening socket alone
            give_up = time.monotonic() + FINISH
            while self._busy() and time.monotonic() < give_up:
                self._turn(0.05)
        finally:
            self.close()

    def stop(self) -> None:
        """Let `run` come to its end; from any thread, and from a handler of signals."""
        if not self._stopped:
            self._stopped = True
            self._server.trigger.pull_trigger()  # takes no lock where it is given nothing to call

    def close(self) -> None:
        """Close all connections and the socket, and end the threads that work on requests."""
        self._stopped = True  # so that nobody pulls a trigger that is gone
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()  # also what it was about to send
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.asyncore.close_all(self._server._map, ignore_all=True)

    def _turn(self, seconds: float) -> None:
        """Wait for so long at most until something happens, and see to it."""
        use_poll = self._server.adj.asyncore_use_poll
        self._server.asyncore.loop(seconds, use_poll, self._server._map, count=1)

    def _busy(self) -> bool:
        """Close the connections that wait for nothing; whether there are others."""
        for channel in list(self._server.active_channels.values()):
            with channel.requests_lock:
                idle = not channel.requests and not channel.total_outbufs_len
            if idle:
                channel.handle_close()
        return bool(self._server.active_channels)
