"""The choice between two directions: which of them changes one single thing, the same in all rows?

One that does beats one that does not; where neither does, or both do alike, each has half a win.
The share of wins of a method, and its strength in the model of Bradley and Terry, need no scale on
which annotators agree (`benchmark.study.tables.pair_tables`).
"""

# ruff: noqa: RUF001  Chinese has commas, colons and question marks of its own

import random
from collections import defaultdict
from collections.abc import Sequence
from importlib import resources
from itertools import combinations
from typing import ClassVar

from study_server.drawings import grow, grow_and_recolour, move, scatter, scatter_otherwise, turn
from study_server.tasks.question import Answer, Question, Words
from study_server.tasks.task import DrawnLesson, Source, Task, check_of

Pair = tuple[Source, Source]

MEETINGS = 2  # directions of each other method that a direction meets: once as A, once as B
ALIKE = 0.15  # directions whose clearness differs by less look alike to a perfect observer
SCORES = {"a": 1.0, "b": 0.0, "none": 0.5}

WHICH = Question(
    "which",
    "one_of",
    {
        "en": {
            "ask": "Which of the two changes one single thing, the same in all rows?",
            "missing": "Please choose A, B, or neither.",
            "a": "A",
            "b": "B",
            "none": "neither, or both alike",
        },
        "zh": {
            "ask": "两组中，哪一组只改变一样东西，并且所有行都相同？",
            "missing": "请选择 A、B 或“都不是”。",
            "a": "A",
            "b": "B",
            "none": "都不是，或两组一样",
        },
    },
    choices=tuple(SCORES),
    keys=("a", "b", "n"),
)

WORDS = {
    "en": {
        "open.text": "Thank you for your interest. You will compare sets of pictures that change "
        "step by step, two at a time, and say which of them you prefer by one simple rule. It "
        "takes about {minutes} min, and you can pause at any time.",
        "instructions.look": "Each page shows two sets of pictures, A and B, with a few rows each. "
        "Within a row one picture changes step by step, from left to right. The framed picture in "
        "the middle is where the row starts. Move a slider to see all rows of its set change at "
        "once.",
        "instructions.ask": "Then answer one question:",
        "instructions.still": "What changes may differ between A and B. Sometimes nothing changes "
        "at all: such a set changes no single thing.",
        "instructions.honest": "There is no score. We want to know what you see, so take the time "
        "you need. If one of them is only a little better, choose it; if you see no difference, "
        "say neither.",
        "instructions.keys.text": "A and B choose a set, N is neither or both alike; each sends "
        "the answer at once. Backspace goes back, the left and right arrows move both sliders.",
        "lesson.clear.title": "One is clear",
        "lesson.clear": "In A every shape grows, and nothing else changes. In B each row changes "
        "in another way. The answer is A.",
        "lesson.alike.title": "Neither",
        "lesson.alike": "In A and in B each row changes in another way. Neither changes one single "
        "thing in all rows, so the answer is neither.",
        "lesson.second": "In B every shape moves from left to right, and nothing else changes; in "
        "A each row changes in another way: B.",
        "lesson.fewer": "Both change all rows in the same way, but B changes two things at once, "
        "the size and the brightness behind; A changes the angle alone: A.",
        "lesson.both": "A changes the size alone, B the place alone. Both change one single thing: "
        "both alike.",
    },
    "zh": {
        "open.text": "感谢您的关注。您将比较逐步变化的图片，每次两组，并按一条简单的规则选出其中"
        "一组。大约需要 {minutes} 分钟，随时可以暂停。",
        "instructions.look": "每一页有 A、B 两组图片，每组几行。同一行中，图片从左到右逐步变化。"
        "中间带框的是这一行的起点。移动滑块，可以看到该组所有行同时变化。",
        "instructions.ask": "然后回答一个问题：",
        "instructions.still": "A 和 B 改变的东西可以不同。有时什么都没有变：这样的一组没有改变"
        "任何东西。",
        "instructions.honest": "这里不打分。我们想知道您看到了什么，请慢慢看。如果其中一组只好"
        "一点，也请选它；如果看不出差别，请选“都不是”。",
        "instructions.keys.text": "A 和 B 选择一组，N 表示都不是或两组一样；按下即提交。"
        "Backspace 返回，左右方向键移动两个滑块。",
        "lesson.clear.title": "其中一组清楚",
        "lesson.clear": "A 中每个图形都变大，其他都不变。B 中各行的变化方式不同。答案是 A。",
        "lesson.alike.title": "都不是",
        "lesson.alike": "A 和 B 中各行的变化方式都不同。没有一组在所有行中只改变一样东西，"
        "所以答案是“都不是”。",
        "lesson.second": "B 中所有图形都从左向右移动，其他都不变；A 中各行的变化方式不同：B。",
        "lesson.fewer": "两组的各行变化方式都相同，但 B 同时变了两样：大小和背景亮度；"
        "A 只变了角度：A。",
        "lesson.both": "A 只改变大小，B 只改变位置。两组都只改变一样东西：两组一样。",
    },
}


class Pairs(Task):
    """Two directions on a page; see this module."""

    name: ClassVar[str] = "pairs"
    shows: ClassVar[int] = 2
    words: ClassVar[Words] = WORDS
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
