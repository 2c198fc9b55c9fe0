"""Items made ahead: in the same order, errors in their place, only as many as may wait."""

import threading
import time

import pytest
import torch

from benchmark.core.ahead import ahead


@pytest.mark.parametrize("at_once", [1, 3])
def test_items_come_in_order_from_threads_that_compute_with_one(at_once):
    makers = set()

    def make(i):
        makers.add((threading.get_ident(), torch.get_num_threads()))
        time.sleep(0.02 * (i % 2 == 0))  # the second is done before the first
        return 10 * i

    assert list(ahead(range(5), make, at_once)) == [0, 10, 20, 30, 40]
    assert threading.get_ident() not in {thread for thread, _ in makers}
    assert {count for _, count in makers} == {1}
    assert list(ahead((), make, at_once)) == []


@pytest.mark.parametrize("at_once", [1, 3])
def test_the_next_are_made_while_one_is_used_and_no_more(at_once):
    made = [threading.Event() for _ in range(9)]

    def make(i):
        made[i].set()
        return i

    coming = ahead(range(9), make, at_once)
    assert next(coming) == 0
    assert made[at_once].wait(10)  # and nobody has asked for it
    coming.close()
    assert not any(one.is_set() for one in made[at_once + 1 :])


def test_several_are_made_at_once():
    together = threading.Barrier(3, timeout=10)
    assert sorted(ahead(range(3), lambda _: together.wait(), 3)) == [0, 1, 2]


@pytest.mark.parametrize("at_once", [1, 4])
def test_an_error_comes_in_its_place(at_once):
    def make(i):
        if i == 1:
            raise ValueError("the second")
        return i

    coming = ahead(range(9), make, at_once)
    assert next(coming) == 0
    with pytest.raises(ValueError, match="the second"):
        next(coming)
