"""Turns of a process's threads on SQLite: one works while the others wait for a turn.

Python runs one thread at a time anyway. But SQLite's driver lets go of the interpreter for every
row that it fetches, and threads that wait for it then take it from each other, many times in a
request: that took a third of the time of a busy site. A database that is a server of its own is
waited for, and while one thread waits others are to work: there nobody takes turns.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST = 0.1  # seconds to wait for a turn; where one lasts longer, others work beside it


class Turns:
    """Who has a turn and waits for something does so in `away`. A turn saves time and nothing else:
    no data may rely on it. taken: whether there are any; without them all work at once."""

    def __init__(self, taken: bool = True) -> None:
        self._are_taken = taken
        self._free = threading.Lock()
        self._mine = threading.local()

    def each(self, application: "WSGIApplication") -> "WSGIApplication":
        """The application with a turn for every request."""

        def in_turn(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            with self.turn():
                return application(environ, start_response)

        return in_turn

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work in a turn, if one comes soon; a thread that has one keeps it."""
        taken = self._taken()
        self._take()
        try:
            yield
        finally:
            if not taken:
                self.give()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let others work meanwhile; afterwards go on in a turn, where this thread had one."""
        taken = self._taken()
        self.give()
        try:
            yield
        finally:
            if taken:
                self._take()

    def give(self) -> None:
        """End a turn early, where what is left of the work takes long."""
        if self._taken():
            self._mine.taken = False
            self._free.release()

    def _taken(self) -> bool:
        return bool(getattr(self._mine, "taken", False))

    def _take(self) -> None:
        if self._are_taken and not self._taken():
            self._mine.taken = self._free.acquire(timeout=LONGEST)
