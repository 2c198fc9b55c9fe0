"""Clocks: parts of shared work, and those of a card, which here is played by a clock of our own."""

import time
from collections import deque
from functools import partial

import pytest
import torch

from benchmark.rca.clock import Clock, timed


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time on the CPU, which tests turn on."""
    time_now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: time_now[0])
    return time_now


def test_shared_work_counts_in_equal_parts_even_where_it_fails(now: list[float]) -> None:
    clocks = [Clock("cpu"), Clock("cpu")]
    with timed(clocks):
        now[0] += 3.0
    with pytest.raises(ValueError, match="no"), timed(clocks[:1]):
        _fail_after(1.0, now)
    now[0] += 10.0  # nobody's
    with timed([]):
        now[0] += 10.0
    assert [clock.seconds for clock in clocks] == [2.5, 1.5]


def _fail_after(seconds: float, now: list[float]) -> None:
    now[0] += seconds
    raise ValueError("no")


def test_a_clock_goes_on_from_what_a_checkpoint_says(now: list[float]) -> None:
    clock = Clock("cpu")
    with timed([clock]):
        now[0] += 1.0
    clock.seconds = 40.0
    with timed([clock]):
        now[0] += 2.0
    assert clock.seconds == 42.0


class Card:
    """A card that does its work late: when it is told to, or when somebody waits."""

    def __init__(self) -> None:
        self.time, self.waits = 0.0, 0
        self.queue: deque[float | Event] = deque()

    def work(self, seconds: float) -> None:
        self.queue.append(seconds)

    def catch_up(self) -> None:
        while self.queue:
            piece = self.queue.popleft()
            if isinstance(piece, Event):
                piece.at = self.time
            else:
                self.time += piece


class Event:
    """Like torch.cuda.Event, of a `Card`."""

    def __init__(self, card: Card, enable_timing: bool) -> None:
        assert enable_timing
        self.card = card
        self.at: float | None = None

    def record(self, stream: Card) -> None:
        stream.queue.append(self)

    def query(self) -> bool:
        return self.at is not None

    def synchronize(self) -> None:
        self.card.waits += 1
        self.card.catch_up()

    def elapsed_time(self, end: "Event") -> float:
        assert self.at is not None, "read before the card was there"
        assert end.at is not None, "read before the card was there"
        return 1000.0 * (end.at - self.at)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setattr(torch.cuda, "Event", partial(Event, made))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: made)
    return made


def test_a_card_measures_its_work_and_nobody_waits_before_the_end(card: Card) -> None:
    clocks = [Clock("cuda"), Clock("cuda:0")]
    for _ in range(5):
        with timed(clocks):
            card.work(2.0)
        with timed(clocks[:1]):
            card.work(0.5)
    assert (card.waits, card.time) == (0, 0.0)  # it has not even begun
    assert [clock.seconds for clock in clocks] == [5 * 1.5, 5 * 1.0]
    assert card.waits == 2


def test_notes_that_are_there_are_read_and_do_not_pile_up(card: Card) -> None:
    clock = Clock("cuda")
    for _ in range(100):
        with timed([clock]):
            card.work(1.0)
        card.catch_up()
    assert len(clock._notes) <= 1
    assert card.waits == 0
    assert clock.seconds == 100.0


def test_a_checkpoint_replaces_what_a_card_has_not_yet_noted(card: Card) -> None:
    clock = Clock("cuda")
    with timed([clock]):
        card.work(1.0)
    clock.seconds = 7.0
    card.catch_up()
    assert clock.seconds == 7.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_real_card_agrees_with_a_clock_that_waits() -> None:
    clock, matrix = Clock("cuda"), torch.randn(2048, 2048, device="cuda")
    for _ in range(3):  # the first ones load libraries
        matrix @ matrix
    torch.cuda.synchronize()
    began = time.perf_counter()
    with timed([clock]):
        for _ in range(200):
            matrix @ matrix
    seconds = clock.seconds
    assert seconds == pytest.approx(time.perf_counter() - began, rel=0.1)
