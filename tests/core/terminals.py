"""A terminal of 80 columns to run a script in: a pseudo-terminal, drawn by an emulator (pyte)."""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from dataclasses import dataclass, field
from pathlib import Path

import pyte

COLUMNS, ROWS = 80, 30


@dataclass
class Seen:
    """What the terminal showed. views: the screen after each piece of output, rows of text."""

    screen: pyte.HistoryScreen
    views: list[list[str]] = field(default_factory=list)
    status: int = 0

    def everything(self) -> list[str]:
        """All lines that are left at the end, including those that scrolled away."""
        gone = ["".join(line[i].data for i in range(COLUMNS)) for line in self.screen.history.top]
        return [line.rstrip() for line in (*gone, *self.screen.display) if line.strip()]


def watch(script: Path, *, stdout: Path | None = None, stop_at: str = "") -> Seen:
    """Run `script` in the terminal until it ends. stdout: a file for it in place of the terminal.

    stop_at: the script gets a Ctrl-C when the screen holds these words for the first time.
    """
    process, terminal = pty.fork()
    if process == 0:  # the child, whose three streams are the terminal
        if stdout is not None:
            os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        arguments = [sys.executable, str(script)]
        os.execve(sys.executable, arguments, {**environment, "TERM": "xterm-256color"})
    seen = Seen(pyte.HistoryScreen(COLUMNS, ROWS, history=1_000))
    stream = pyte.ByteStream(seen.screen)
    for output in iter(lambda: _read(terminal), b""):
        stream.feed(output)
        seen.views.append([line.rstrip() for line in seen.screen.display])
        if stop_at and any(stop_at in line for line in seen.views[-1]):
            os.kill(process, signal.SIGINT)
            stop_at = ""
    seen.status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    return seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the child is gone
        return b""
