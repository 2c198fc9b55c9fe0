"""What a cluster runs for one order, on any of its hosts, and how the driver follows it from afar.

The host computes in a process of its own, which ends when the cluster ends the job, or soon after
the driver is gone. Results come back the cluster's way; how far the work is stands in a note in the
run's folder, which all hosts share.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.core.json_files import read_object, write_json
from benchmark.core.phases import Phase
from benchmark.runs.engines.backend import Ended, Lost, Said, Stands
from benchmark.runs.engines.worker import Worker
from benchmark.runs.parcel import Order
from benchmark.runs.results import Result
from benchmark.runs.unit import UNITS

NOTE_EVERY = 2.0  # seconds between notes of how far the work is
TOLD = ("label", "total", "start", "step", "measures", "open")  # of a phase


@dataclass(frozen=True)
class Outcome:
    """What became of an order. reason: why not all cells have a result, if so. died: whether the
    process did, so that another one may go on."""

    results: Sequence[Result]
    reason: str = ""
    died: bool = False

    def said(self) -> list[Said]:
        return [*self.results, Lost(self.reason) if self.died else Ended(self.reason)]


def carry_out_there(order: Order, note: Path) -> Outcome:
    """Compute the order's cells; called on a host of the cluster. note: where to say how far."""
    results: list[Result] = []
    source, noted = secrets.token_hex(4), 0.0
    worker = Worker()
    try:
        worker.give(order)
        while True:
            match worker.wait():
                case Result() as result:
                    results.append(result)
                case Ended(reason):
                    return Outcome(results, reason)
                case Lost(reason):
                    return Outcome(results, reason, died=True)
                case Stands(phases) if time.monotonic() - noted > NOTE_EVERY:
                    noted = time.monotonic()
                    told = [{name: getattr(phase, name) for name in TOLD} for phase in phases]
                    write_json(order.folder / note, {"source": source, "phases": told})
    finally:
        worker.stop()


class Note:
    """A note of how far an order is, as the driver reads it."""

    def __init__(self, run: Path) -> None:
        self.path = run / UNITS / f"{secrets.token_hex(8)}.note.json"
        self._read = 0

    def news(self) -> list[Said]:
        """How far the work is, where that has changed."""
        try:
            written = self.path.stat().st_mtime_ns
            if written == self._read:
                return []
            self._read = written
            content = read_object(self.path)
            phases = [_phase(**told) for told in content["phases"]]
            return [Stands(phases, str(content["source"]))]
        except (OSError, BenchError, KeyError, TypeError):  # none yet, or one that another replaces
            return []

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _phase(
    label: str, total: int, start: int, step: int, measures: Sequence[str], open: bool
) -> Phase:
    return Phase(label, total, start, step, tuple(measures), open)
