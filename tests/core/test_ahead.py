"""Items made ahead: the same ones in order, errors in their place, no more than one too many."""

import threading

import pytest

from benchmark.core.ahead import one_ahead


def test_items_come_in_order_and_are_made_in_another_thread():
    makers = []

    def items():
        for i in range(5):
            makers.append(threading.get_ident())
            yield i

    assert list(one_ahead(items())) == [0, 1, 2, 3, 4]
    assert set(makers) & {threading.get_ident()} == set()
    assert list(one_ahead(iter(()))) == []


def test_the_next_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(3)]

    def items():
        for event in made:
            event.set()
            yield event

    coming = one_ahead(items())
    next(coming)
    assert made[1].wait(10)  # and nobody has asked for it
    assert not made[2].is_set()
    coming.close()
    assert not made[2].is_set()


def test_an_error_comes_in_its_place():
    def items():
        yield 1
        raise ValueError("the second")

    coming = one_ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="the second"):
        next(coming)
