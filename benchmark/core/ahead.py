"""Work that goes on beside what its results are used for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from benchmark.core import threads

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(items: Iterable[Given], make: Callable[[Given], Made], at_once: int) -> Iterator[Made]:
    """What `make` gives for each item, in the same order, made while those before are used.

    at_once: threads that make, each of which computes with one; at most as many results wait. An
    error in making one is raised where that one would have come.
    """
    coming: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(at_once, initializer=threads.use, initargs=(1,)) as pool:
        try:
            for item in items:
                coming.append(pool.submit(make, item))
                if len(coming) > at_once:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for one in coming:  # where nobody takes them
                one.cancel()
