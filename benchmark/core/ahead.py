"""Work that goes on beside what its results are used for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
NONE = object()  # comes after the last


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, each made in a second thread while the one before is used.

    An error in making one is raised where that one would have come. At most one that nobody takes
    is made.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, NONE)
        while (item := coming.result()) is not NONE:
            coming = pool.submit(next, items, NONE)
            yield item  # type: ignore[misc]  # not NONE
