"""A process that computes for another one on the same machine: orders in, what there is to say out.

Both go through pipes. When the other process ends, however that happens, the pipe of orders ends,
and so does this process, in the middle of a step if need be: a checkpoint is whole or absent.
"""

import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from benchmark.core import threads
from benchmark.runs.engines.backend import Lost, Said
from benchmark.runs.engines.labour import carry_out
from benchmark.runs.parcel import Order

LAST_LINES = 3  # of what a worker wrote before it died
LAST_SECONDS = 5.0  # for what it wrote to be shown; a process of a plug-in's may hold the pipe open


def main() -> None:
    """The worker: carries out one order after another until there are no more."""
    orders = os.fdopen(os.dup(0), "rb")
    words = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # a plug-in that prints does not speak to the other process
    pending: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, pending), daemon=True).start()
    speaking = threading.Lock()

    def tell(said: Said) -> None:
        with speaking:
            pickle.dump(said, words)
            words.flush()

    while True:
        carry_out(pending.get(), tell)


def _listen(orders: BinaryIO, pending: "SimpleQueue[Order]") -> None:
    try:
        while True:
            pending.put(pickle.load(orders))
    except EOFError:  # the other process is gone
        os._exit(0)
    except Exception:  # noqa: BLE001 - whatever an import raises; without orders there is no work
        traceback.print_exc()
        os._exit(1)


class Worker:
    """Such a process, seen from the one that gives the orders."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        threads.wait_asleep()
        path = [str(Path(entry).absolute()) for entry in sys.path]  # "" is the working directory
        code = f"import sys; sys.path[:] = {path!r}; from {__name__} import main; main()"
        self._said: SimpleQueue[Said] = SimpleQueue()
        self._last: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for the other process, which then stops this one
        )
        self._echo = threading.Thread(target=self._show, daemon=True)
        self._echo.start()
        threading.Thread(target=self._hear, daemon=True).start()

    def give(self, order: Order) -> None:
        """Hand out an order; the worker must have none."""
        assert self._process.stdin is not None
        try:
            pickle.dump(order, self._process.stdin)
            self._process.stdin.flush()
        except OSError:  # it has just died, which `news` says
            pass

    def news(self) -> list[Said]:
        """What it said since the last call; Lost where it died."""
        found = []
        while not self._said.empty():
            found.append(self._said.get())
        return found

    def wait(self) -> Said:
        """The next word of the worker's."""
        return self._said.get()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """End the process now, whatever it does, and show the last that it wrote."""
        self._process.kill()
        self._process.wait()
        self._echo.join(LAST_SECONDS)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as words:
            try:
                while True:
                    self._said.put(pickle.load(words))
            except (EOFError, pickle.UnpicklingError, OSError):
                pass
        code = self._process.wait()
        self._echo.join(LAST_SECONDS)
        self._said.put(Lost(self._why(code)))
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _show(self) -> None:
        """Repeat what the worker writes to stderr, above the bars."""
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip("\n")
                self._last = [*self._last, text][-LAST_LINES:]
                print(text, file=sys.stderr, flush=True)

    def _why(self, code: int) -> str:
        how = f"signal {-code}; was memory short?" if code < 0 else f"exit code {code}"
        last = " | ".join(" ".join(line.split()) for line in self._last if line.strip())
        return f"the worker process died ({how})" + (f", its last words: {last}" if last else "")
