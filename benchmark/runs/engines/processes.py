"""Worker processes on this machine, each with a device of its own where there are several."""

import os
from collections.abc import Sequence

from benchmark.runs.engines.backend import Ended, Lost, Said
from benchmark.runs.engines.worker import Worker
from benchmark.runs.parcel import Order

VISIBLE = "CUDA_VISIBLE_DEVICES"


class Processes:
    """So many workers, each started when there is work for it and kept for the next unit.

    devices: what CUDA calls the devices to use, such as "0" and "1"; workers take turns.
    """

    pause = 0.05

    def __init__(self, jobs: int, devices: Sequence[str] = ()) -> None:
        self.slots = self.at_once = jobs
        self._devices = devices
        self._idle: list[_Place] = [_Place(i) for i in range(jobs)]
        self._idle.reverse()  # the first one is taken first
        self._workers: list[Worker] = []

    def words(self) -> str:
        return "1 process" if self.slots == 1 else f"{self.slots} processes"

    def start(self, orders: Sequence[Order]) -> list["_AtWork"]:
        return [self._start(order) for order in orders]

    def _start(self, order: Order) -> "_AtWork":
        place = self._idle.pop()
        if place.worker is None:
            place.worker = Worker(self._environment(place.number))
            self._workers.append(place.worker)
        place.worker.give(order)
        return _AtWork(place, self._idle)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()

    def _environment(self, number: int) -> dict[str, str]:
        if not self._devices:
            return {}
        return {VISIBLE: self._devices[number % len(self._devices)]}


class _Place:
    """Where one worker sits. worker: None until there is work, and after it died."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.worker: Worker | None = None


class _AtWork:
    def __init__(self, place: _Place, idle: list[_Place]) -> None:
        self._place, self._idle = place, idle

    def news(self) -> list[Said]:
        assert self._place.worker is not None
        found = self._place.worker.news()
        ends = [i for i, said in enumerate(found) if isinstance(said, Ended | Lost)]
        if not ends:
            return found
        if isinstance(found[-1], Lost):
            self._place.worker = None
        self._idle.append(self._place)
        return found[: ends[0] + 1]


def visible_devices(count: int) -> list[str]:
    """What CUDA calls the first `count` devices that this process may use."""
    if named := os.environ.get(VISIBLE):
        return named.split(",")[:count]
    return [str(i) for i in range(count)]
