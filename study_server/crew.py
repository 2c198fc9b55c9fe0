"""Several processes that serve one study: they accept from one socket and write to one database."""

import logging
import os
import select
import signal
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from benchmark.core.errors import BenchError, one_line
from study_server.member import FINISH, Member
from study_server.stopping import Stop
from study_server.store import Store

ASK = 10.0  # seconds between two questions to all members whether they are there
UNANSWERED = 6  # so many questions in a row, and a member hangs
DEATHS, MINUTE = 20, 60.0  # so many deaths in so many seconds, and the crew gives up
GRACE = FINISH + 5.0  # seconds for a member to end by itself
PAUSE = 1.0  # seconds until a process that could not be started is tried again

log = logging.getLogger("study")


class Crew:
    """A parent that only waits, and `size` forked members that serve.

    A member that dies is replaced while the others serve on. One that hangs is ended first: it is
    asked by a signal, and its main thread answers through a pipe between any two of its steps,
    whatever its other threads do. Questions are counted and not seconds, which go by also while the
    whole site is stopped. All end with the parent, however it ends: each watches a pipe whose other
    end the parent alone holds open. The parent has no thread and no database connection while it
    waits, so that it can fork at any time.

    start: makes a member's server, from the shared socket; called after the fork, since a process
    must start its threads and database connections itself.
    """

    def __init__(
        self, size: int, store: Store, listener: socket.socket, start: Callable[[], Member]
    ):
        self.effective_port: int = listener.getsockname()[1]
        self._size, self._store, self._listener, self._start = size, store, listener, start
        self._members: dict[int, int] = {}  # by process id, the questions it has not answered
        self._deaths: deque[tuple[float, str]] = deque(maxlen=DEATHS)  # when, and how

    def run(self, stop: Stop) -> None:
        """Serve until `stop` is asked. Raises BenchError where members die faster than it is worth
        replacing them."""
        self._store.prepare_fork()
        self._watched, self._held = os.pipe()
        self._bell, ring = os.pipe()
        self._heard, self._mouth = os.pipe()
        for end in (ring, self._heard, self._mouth):
            os.set_blocking(end, False)
        silent = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ring)  # every signal that has a handler rings
        stop.then(lambda: None)
        next_question = time.monotonic() + ASK
        try:
            while not stop.asked:
                pause = max(0.0, next_question - time.monotonic())
                self._wait(pause if self._fill() else min(pause, PAUSE))
                for how in self._bury():
                    self._mind(how)
                if time.monotonic() >= next_question:
                    self._ask()
                    next_question = time.monotonic() + ASK
        finally:
            self.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, silent)
            for end in (self._watched, self._held, self._bell, ring, self._heard, self._mouth):
                os.close(end)

    def close(self) -> None:
        """End the members and the socket."""
        self._listener.close()
        for member in self._members:
            os.kill(member, signal.SIGTERM)
        give_up = time.monotonic() + GRACE
        while self._members and time.monotonic() < give_up:
            self._wait(0.1)
            self._bury()
        for member in self._members:
            os.kill(member, signal.SIGKILL)
            os.waitpid(member, 0)
        self._members.clear()

    def _ask(self) -> None:
        """Take the members' answers, end those that hang, and ask again."""
        with suppress(BlockingIOError):
            answers = os.read(self._heard, 4096)
            for member in memoryview(answers).cast("i"):
                if member in self._members:
                    self._members[member] = 0
        for member, unanswered in self._members.items():
            hangs = unanswered >= UNANSWERED
            os.kill(member, signal.SIGKILL if hangs else signal.SIGUSR1)
            self._members[member] += 1

    def _wait(self, seconds: float) -> None:
        """Until a signal comes, for so long at most."""
        if select.select([self._bell], [], [], seconds)[0]:
            os.read(self._bell, 4096)

    def _bury(self) -> list[str]:
        """Forget the members that have ended; how they did."""
        ended = []
        for member in list(self._members):
            gone, status = os.waitpid(member, os.WNOHANG)
            if gone:
                hung = self._members.pop(member) > UNANSWERED
                ended.append(f"no answer for {UNANSWERED * ASK:.0f} s" if hung else _how(status))
        return ended

    def _mind(self, how: str) -> None:
        """Note a death. Raises BenchError where it is one too many."""
        now = time.monotonic()
        self._deaths.append((now, how))
        seconds = now - self._deaths[0][0]
        if len(self._deaths) == DEATHS and seconds < MINUTE:
            last = ", ".join(how for _, how in list(self._deaths)[-3:])
            raise BenchError(
                f"processes of the site ended {DEATHS} times in {seconds:.0f} s, the last by "
                f"{last}; look for errors in the lines above, and where it was SIGKILL at the "
                "machine's memory, then start again"
            )
        log.warning("a process of the site ended (%s); another takes its place", how)

    def _fill(self) -> bool:
        """Start the members that lack; whether all are there."""
        try:
            while len(self._members) < self._size:
                self._fork()
        except OSError as error:  # no memory, or too many processes
            self._mind(f"no other could be started: {error.strerror}")
            return False
        return True

    def _fork(self) -> None:
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            member = os.fork()
            if member == 0:
                self._serve(signals)
            self._members[member] = 0
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)

    def _serve(self, signals: set[int]) -> None:
        """Run a member until it ends; it must never return into the parent's code."""
        code = 1
        try:
            os.close(self._held)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all processes
                signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGUSR1, lambda *_: self._answer())
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
            threading.Thread(target=self._watch, daemon=True).start()
            member = self._start()
            signal.signal(signal.SIGTERM, lambda *_: member.stop())
            member.run()
            self._store.close()
            code = 0
        except Exception as error:  # noqa: BLE001  this process ends, and says why
            log.error("a process of the site failed: %s", one_line(error))
        finally:
            os._exit(code)

    def _answer(self) -> None:
        """Say in a member that it is there."""
        os.write(self._mouth, struct.pack("i", os.getpid()))

    def _watch(self) -> None:
        """End this process when the parent is gone, as if the parent had said so."""
        os.read(self._watched, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)


def _how(status: int) -> str:
    """An exit status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
