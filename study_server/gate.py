"""The way of requests to the database: never so many at once that none is left for pictures.

A database that hangs holds every request that asks it for seconds. So some of the site's threads
are kept for what needs no database; and once one request has waited in vain, others are answered
without asking, until one that tries finds the database well again. The staff's pages, which may
take seconds, never have all places.
"""

import threading
import time

from study_server.trouble import Away

PLACES = 4  # requests that ask the database at once; their writes are committed together
OF_STAFF = 2  # of these
WAIT = 1.0  # seconds for a place
SLOW = 1.0  # seconds after which a failure is one of a database that hangs


class Gate:
    """`enter` before the database is asked, `leave` afterwards."""

    def __init__(self, places: int = PLACES):
        self._places = places
        self._inside = 0
        self._hangs = False
        self._changed = threading.Condition()

    def enter(self) -> float:
        """Take a place; returns when. Raises Away where the database hangs and somebody else tries
        it already."""
        with self._changed:
            if self._hangs and self._inside:
                raise Away("it hangs")
            if not self._changed.wait_for(lambda: self._inside < self._places, WAIT):
                self._hangs = True
                raise Away("it hangs")
            self._inside += 1
        return time.monotonic()

    def leave(self, since: float, failed: bool) -> None:
        """Give the place back. since: what `enter` returned; failed: whether the database did."""
        with self._changed:
            self._inside -= 1
            self._hangs = failed and time.monotonic() - since > SLOW
            self._changed.notify()
