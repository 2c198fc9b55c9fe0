"""Items made ahead: the same ones in order, errors in their place, no more than allowed."""

import threading

import pytest

from benchmark.core.ahead import ahead


def announced(made):
    """The events, each set when it is made."""
    for event in made:
        event.set()
        yield event


def test_items_come_in_order_and_are_made_in_another_thread():
    makers = []

    def items():
        for i in range(5):
            makers.append(threading.get_ident())
            yield i

    assert list(ahead(items())) == [0, 1, 2, 3, 4]
    assert set(makers) & {threading.get_ident()} == set()
    assert list(ahead(iter(()))) == []


def test_the_next_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(3)]
    coming = ahead(announced(made))
    next(coming)
    assert made[1].wait(10)  # and nobody has asked for it
    assert not made[2].is_set()
    coming.close()
    assert not made[2].is_set()


def test_as_many_as_allowed_are_made_and_no_more_once_nobody_takes_them():
    made = [threading.Event() for _ in range(9)]
    coming = ahead(announced(made), 3)
    next(coming)
    assert made[3].wait(10)  # three wait
    assert not made[4].is_set()
    coming.close()
    assert not made[4].is_set()
    assert len(list(ahead(iter(range(5)), 9))) == 5  # fewer than may wait


@pytest.mark.parametrize("most", [1, 4])
def test_an_error_comes_in_its_place(most):
    def items():
        yield 1
        raise ValueError("the second")

    coming = ahead(items(), most)
    assert next(coming) == 1
    with pytest.raises(ValueError, match="the second"):
        next(coming)
