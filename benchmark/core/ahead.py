"""Work that goes on beside what its results are used for."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
NONE = object()  # comes after the last


def ahead(items: Iterator[T], most: int = 1) -> Iterator[T]:
    """The same items in the same order, made in a second thread while those before are used.

    most: how many may wait, 1 or more: where some take long to make and others to use, a few keep
    both at work. An error in making one is raised where that one would have come. At most so many
    that nobody takes are made.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, NONE) for _ in range(most))
        try:
            while (item := coming.popleft().result()) is not NONE:
                coming.append(pool.submit(next, items, NONE))
                yield item  # type: ignore[misc]  # not NONE
        finally:
            for one in coming:
                one.cancel()
