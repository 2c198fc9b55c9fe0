"""The loop that drives every backend: as many at once as it takes, a second try, and an end."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cli.choices import Brought
from benchmark.core.errors import BenchError
from benchmark.runs.engines.backend import Ended, Lost, Running, Said, Stands, carried_out
from benchmark.runs.parcel import Order, Parcel
from tests.runs.engines.grids import groups

LOST, ENDED, HERE = Lost("it died"), Ended(), Stands([])


class Script:
    """A backend that says what a test wrote down: for each label, the words of each try."""

    pause = 0.0

    def __init__(self, slots: int, words: dict[str, list[list[Said]]]) -> None:
        self.slots = self.at_once = slots
        self._words = words
        self.begun: list[list[str]] = []
        self.open, self.most, self.closed = 0, 0, 0

    def start(self, orders: Sequence[Order]) -> Sequence[Running]:
        self.begun.append([order.label for order in orders])
        self.open += len(orders)
        self.most = max(self.most, self.open)
        return [_Read(self, self._words[order.label].pop(0)) for order in orders]

    def close(self) -> None:
        self.closed += 1

    def words(self) -> str:
        return "a script"


class _Read:
    def __init__(self, script: Script, words: list[Said]) -> None:
        self._script, self._words = script, words

    def news(self) -> Sequence[Said]:
        if len(self._words) == 1:
            self._script.open -= 1
        return [self._words.pop(0)]


def orders(*labels: str) -> list[Order]:
    (group,) = groups(1, ("random",))
    order = Order(Parcel.of(group), "", Path(), "cpu", Brought((), ()), Path(), "")
    return [replace(order, label=label) for label in labels]


def heard(script: Script, *labels: str) -> list[tuple[str, int, Said]]:
    return [(o.label, n, said) for o, n, said in carried_out(orders(*labels), script)]


def test_no_more_at_once_than_there_is_room_for() -> None:
    script = Script(2, {label: [[HERE, ENDED]] for label in "abcde"})
    told = heard(script, *"abcde")
    assert script.begun == [["a", "b"], ["c", "d"], ["e"]]
    assert script.most == 2
    assert [(label, said) for label, _, said in told if said == ENDED] == [
        (label, ENDED) for label in "abcde"
    ]
    assert script.closed == 1


def test_what_is_lost_is_given_out_once_more_before_the_others() -> None:
    script = Script(1, {"a": [[HERE, LOST], [HERE, LOST]], "b": [[LOST], [ENDED]], "c": [[ENDED]]})
    told = heard(script, *"abc")
    assert script.begun == [["a"], ["a"], ["b"], ["b"], ["c"]]
    assert told == [
        ("a", 1, HERE),
        ("a", 2, HERE),
        ("a", 2, LOST),
        ("b", 2, ENDED),
        ("c", 1, ENDED),
    ]


def test_it_is_closed_however_the_loop_ends() -> None:
    script = Script(1, {"a": [[HERE, ENDED]]})
    loop = carried_out(orders("a"), script)
    next(loop)
    loop.close()
    assert script.closed == 1

    def refuses(orders: Sequence[Order]) -> Sequence[Running]:
        raise BenchError("no room")

    script.start = refuses  # type: ignore[method-assign]
    with pytest.raises(BenchError, match="no room"):
        list(carried_out(orders("a"), script))
    assert script.closed == 2
