"""The choice between two directions: which of them changes one single thing, the same in all rows?

One that does beats one that does not; where neither does, or both do alike, each has half a win.
The share of wins of a method, and its strength in the model of Bradley and Terry, need no scale on
which annotators agree (`benchmark.study.tables.pair_tables`).
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from importlib import resources
from itertools import combinations
from typing import ClassVar

from study_server.drawings import grow, grow_and_recolour, move, scatter, scatter_otherwise, turn
from study_server.sentences import Part
from study_server.tasks.question import Answer, Question, Words
from study_server.tasks.task import DrawnLesson, Source, Task, check_of

Pair = tuple[Source, Source]

MEETINGS = 2  # directions of each other method that a direction meets: once as A, once as B
ALIKE = 0.15  # directions whose clearness differs by less look alike to a perfect observer
SCORES = {"a": 1.0, "b": 0.0, "none": 0.5}

WHICH = Question(
    "which", "one_of", Part("pairs.which"), choices=tuple(SCORES), keys=("a", "b", "n")
)


class Pairs(Task):
    """Two directions on a page: which of them changes one single thing, or neither, or both?"""

    name: ClassVar[str] = "pairs"
    shows: ClassVar[int] = 2
    words: ClassVar[Words] = Part("pairs.words")
    questions: tuple[Question, ...] = (WHICH,)
    lessons: ClassVar[tuple[DrawnLesson, ...]] = (
        DrawnLesson("example", "clear", (grow, scatter), {"which": "a"}),
        DrawnLesson("example", "alike", (scatter, scatter_otherwise), {"which": "none"}),
        DrawnLesson("quiz", "second", (scatter_otherwise, move), {"which": "b"}),
        DrawnLesson("quiz", "fewer", (turn, grow_and_recolour), {"which": "a"}),
        DrawnLesson("quiz", "both", (grow, move), {"which": "none"}),
    )

    def score(self, answer: Answer) -> float:
        """The first direction's share of the win: 1, 0, or one half."""
        return SCORES[str(answer["which"])]

    def items(self, directions: Sequence[Source], rng: random.Random) -> list[Pair]:
        """Pairs of different methods on one generator, and clear checks beside still ones.

        Every direction meets MEETINGS of each other method, as A in one pair and as B in the other;
        the pairs of two methods are a ring that holds all their directions. So every method meets
        every other equally often, on either side. A method with one direction has one pair.
        """
        by_method: defaultdict[str, dict[str, list[Source]]] = defaultdict(dict)
        for source in directions:
            if not source.check:
                by_method[source.generator].setdefault(source.method, []).append(source)
        fair = [
            pair
            for methods in by_method.values()
            for one, other in combinations(methods.values(), 2)
            for pair in _ring(rng.sample(one, len(one)), rng.sample(other, len(other)), rng)
        ]
        good, still = ([s for s in directions if s.check == kind] for kind in ("good", "still"))
        checks = [(clear, frozen) for clear in good for frozen in _nearest(still, clear)]
        return [*fair, *checks, *(pair[::-1] for pair in checks)]

    def page(self) -> str:
        """Both directions beside each other where there is room."""
        path = resources.files("study_server").joinpath("templates", "tasks", "pairs.html")
        return path.read_text("utf-8")

    def truth(self, sources: tuple[Source, ...], rng: random.Random) -> Answer:
        """The clearer one wins; how clear a direction is hangs on its name alone."""
        if check := check_of(sources):
            return self.deserved(check)
        first, second = (_clearness(source) for source in sources)
        if abs(first - second) < ALIKE:
            return {"which": "none"}
        return {"which": "a" if first > second else "b"}


def _ring(one: list[Source], other: list[Source], rng: random.Random) -> list[Pair]:
    """The pairs of two methods with n directions each: a ring of 2n, or the one pair."""
    n = len(one)
    if n == 1:
        pair = (one[0], other[0])
        return [pair if rng.random() < 0.5 else pair[::-1]]
    return [pair for i in range(n) for pair in ((one[i], other[i]), (other[(i + 1) % n], one[i]))]


def _nearest(still: list[Source], clear: Source) -> list[Source]:
    """Those on the same generator; all where there are none."""
    return [source for source in still if source.generator == clear.generator] or still


def _clearness(source: Source) -> float:
    return random.Random(f"{source.generator}/{source.method}/{source.direction}").random()
