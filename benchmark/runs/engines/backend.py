"""What a place to compute in can do, and the one loop that has orders carried out there."""

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmark.core.phases import Phase
from benchmark.runs.parcel import Order
from benchmark.runs.results import Result

TRIES = 2  # of a unit whose worker dies


@dataclass(frozen=True)
class Stands:
    """How far the work is: all its phases so far. source: tells one start of it from another."""

    phases: Sequence[Phase]
    source: str = ""


@dataclass(frozen=True)
class Ended:
    """The work has ended; its results were said before. reason: why some lack, in one line."""

    reason: str = ""


@dataclass(frozen=True)
class Lost:
    """The work has ended without a word of its own. reason: in one line."""

    reason: str


Said = Stands | Result | Ended | Lost


class Running(Protocol):
    """An order under way."""

    def news(self) -> Sequence[Said]:
        """What was said since the last call; Ended or Lost comes last."""


class Backend(Protocol):
    """A place to compute in.

    slots: how many orders it takes at once. at_once: how many of these are computed at the same
    time, as far as is known, for an estimate. pause: seconds between two looks at what they say.
    """

    slots: int
    at_once: int
    pause: float

    def start(self, orders: Sequence[Order]) -> Sequence[Running]:
        """Begin with these, no more than slots are free. Raises BenchError where it cannot."""

    def close(self) -> None:
        """Stop everything that still runs, and give back what was taken."""

    def words(self) -> str:
        """What it is, such as "2 processes"."""


def carried_out(orders: Sequence[Order], backend: Backend) -> Iterator[tuple[Order, int, Said]]:
    """Each order, the number of its try from 1, and what is said of it, as it comes.

    An order whose worker dies is given out again, once: it goes on from its checkpoint. Whatever
    ends this loop, Ctrl-C too, stops the workers.
    """
    waiting, tries = deque(range(len(orders))), Counter[int]()
    running: dict[int, Running] = {}
    try:
        while waiting or running:
            free = max(0, backend.slots - len(running))
            chosen = [waiting.popleft() for _ in range(min(free, len(waiting)))]
            if chosen:
                begun = backend.start([orders[place] for place in chosen])
                running.update(zip(chosen, begun, strict=True))
                tries.update(chosen)
            quiet = True
            for place, one in list(running.items()):
                for said in one.news():
                    quiet = False
                    if isinstance(said, Ended | Lost):
                        del running[place]
                    if isinstance(said, Lost) and tries[place] < TRIES:
                        waiting.appendleft(place)
                    else:
                        yield orders[place], tries[place], said
            if quiet:
                time.sleep(backend.pause)
    finally:
        backend.close()
