"""What a worker does with an order, wherever it runs; and how it ends when nobody waits for it."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from benchmark.core import memory
from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import relayed_to
from benchmark.metrics.metric import Metric
from benchmark.runs import lease
from benchmark.runs.engines.backend import Ended, Said, Stands
from benchmark.runs.grid import Group
from benchmark.runs.parcel import Order
from benchmark.runs.unit import compute

ABANDONED = 3  # the exit code of a worker whose driver is gone


def carry_out(order: Order, tell: Callable[[Said], object]) -> None:
    """Compute the order's cells, and tell results and progress; Ended comes last."""
    memory.keep()
    os.chdir(order.folder)
    with _ending_with_the_driver(order), relayed_to(lambda phases: tell(Stands(list(phases)))):
        opened = attempt(_opened, order)
        if isinstance(opened, Failure):
            tell(Ended(opened.reason))
            return
        group, metrics = opened
        for result in compute(group, order.run, order.device, metrics):
            tell(result)
    tell(Ended())


def _opened(order: Order) -> tuple[Group, Mapping[str, Metric]]:
    return order.parcel.opened(*order.brought.methods()), order.brought.metrics()


@contextmanager
def _ending_with_the_driver(order: Order) -> Iterator[None]:
    """End this process when the lease of the driver's is gone or has long been silent.

    A driver on this machine stops its workers itself; one on another may be killed, or cut off.
    """
    if not order.driver:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        path, missed = order.run / lease.FILE, 0
        while missed < lease.LOOKS:
            here = lease.is_beating(path, order.driver)
            missed = 0 if here else missed + 1
            if over.wait(lease.BEAT if here else lease.SOON):
                return
        os._exit(ABANDONED)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
