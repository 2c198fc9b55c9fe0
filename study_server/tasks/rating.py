"""The rating task: does one direction do the same in all rows, and does it change one thing?

Two yes make it worth 1, anything else 0: its mean over annotators is the mean opinion score (MOS).
Who says yes twice also gives the change a name, and then says of which kind it is.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from study_server.drawings import (
    grow,
    grow_and_recolour,
    move,
    scatter,
    scatter_otherwise,
    turn_and_tint,
)
from study_server.sentences import Part
from study_server.study_settings import Settings
from study_server.tasks.question import Answer, Question, Words
from study_server.tasks.task import DrawnLesson, Source, Task, check_of

BOTH = {"consistent": True, "single": True}
CLEAR_SHARE, SINGLE_SHARE = 0.5, 0.7  # of directions, to a perfect observer

CONSISTENT = Question("consistent", "yes_no", Part("rating.consistent"))
SINGLE = Question("single", "yes_no", Part("rating.single"))
LABEL = Question("label", "text", Part("rating.label"), asked_if=BOTH, required=False)
CATEGORY = Question(
    "category",
    "one_of",
    Part("rating.category"),
    of_settings=True,
    other=True,
    own="label",
    asked_if=BOTH,
)


class Rating(Task):
    """One direction on a page: is its change the same in all rows, and one single thing?"""

    name: ClassVar[str] = "rating"
    score_name: ClassVar[str] = "mos"
    words: ClassVar[Words] = Part("rating.words")
    questions: tuple[Question, ...] = (CONSISTENT, SINGLE, LABEL, CATEGORY)
    lessons: ClassVar[tuple[DrawnLesson, ...]] = (
        DrawnLesson("example", "clear", (grow,), BOTH),
        DrawnLesson("example", "unclear", (scatter,), {"consistent": False}),
        DrawnLesson("example", "both", (turn_and_tint,), {"consistent": True, "single": False}),
        DrawnLesson("quiz", "move", (move,), BOTH),
        DrawnLesson("quiz", "scatter", (scatter_otherwise,), {"consistent": False}),
        DrawnLesson("quiz", "two", (grow_and_recolour,), {"consistent": True, "single": False}),
    )

    def __init__(self, settings: Settings):
        super().__init__(settings)
        needed, off = settings.name == "required", settings.name == "off"
        self.questions = tuple(
            replace(q, required=needed, off=off) if q.name == LABEL.name else q
            for q in self.questions
        )

    def score(self, answer: Answer) -> int:
        """1 where both answers are yes, else 0."""
        return int(bool(answer["consistent"] and answer["single"]))

    def truth(self, sources: tuple[Source, ...], rng: random.Random) -> Answer:
        """Half of the directions are consistent, seven in ten change a single thing."""
        named = {q.name: q for q in self.questions}
        own: Answer = {"category": rng.choice(named["category"].choices)}
        if check := check_of(sources):
            own |= dict.fromkeys(BOTH, check == "good")
        else:
            own["consistent"] = rng.random() < CLEAR_SHARE
            own["single"] = rng.random() < SINGLE_SHARE
        return self.guess(rng) | own


def answer_of_format_1(lesson: Mapping[str, bool | None]) -> Answer:
    """What is right for a lesson in a bundle from before there were tasks."""
    return {name: value for name in BOTH if (value := lesson[name]) is not None}
