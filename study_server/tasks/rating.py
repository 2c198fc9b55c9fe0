"""The rating task: does one direction do the same in all rows, and does it change one thing?

Two yes make it worth 1, anything else 0: its mean over annotators is the mean opinion score (MOS).
Who says yes twice also names the kind of change, and may give it a name.
"""

# ruff: noqa: RUF001  Chinese has commas, colons and question marks of its own

import random
from collections.abc import Mapping
from typing import ClassVar

from study_server.drawings import grow, grow_and_recolour, move, scatter, scatter_otherwise
from study_server.tasks.question import Answer, Question, Words
from study_server.tasks.task import DrawnLesson, Source, Task, check_of

BOTH = {"consistent": True, "single": True}
CLEAR_SHARE, SINGLE_SHARE = 0.5, 0.7  # of directions, to a perfect observer

CONSISTENT = Question(
    "consistent",
    "yes_no",
    {
        "en": {
            "ask": "Does moving along this direction change the images in the same way for all "
            "rows?"
        },
        "zh": {"ask": "沿这个方向移动时，所有行的图片是否以相同的方式变化？"},
    },
)
SINGLE = Question(
    "single",
    "yes_no",
    {
        "en": {"ask": "Does it change one single thing that you can name?"},
        "zh": {"ask": "它是否只改变了一样您能说出名字的东西？"},
    },
)
CATEGORY = Question(
    "category",
    "one_of",
    {
        "en": {
            "ask": "What kind of change is it?",
            "when": "Only if both answers are yes.",
            "missing": "Please choose the kind of change.",
            "other": "In one word",
            "geometry": "geometry",
            "geometry.hint": "shape, size, place, angle",
            "colour": "colour",
            "colour.hint": "colour, brightness",
            "texture": "texture",
            "texture.hint": "surface, style, thickness",
        },
        "zh": {
            "ask": "这是哪一种变化？",
            "when": "仅在两个回答都为“是”时填写。",
            "missing": "请选择变化的种类。",
            "other": "用一个词说明",
            "geometry": "几何",
            "geometry.hint": "形状、大小、位置、角度",
            "colour": "颜色",
            "colour.hint": "颜色、亮度",
            "texture": "纹理",
            "texture.hint": "表面、风格、粗细",
        },
    },
    of_settings=True,
    other=True,
    asked_if=BOTH,
)
LABEL = Question(
    "label",
    "text",
    {
        "en": {"ask": "Name of the change", "example": "such as: rotation"},
        "zh": {"ask": "这种变化的名称", "example": "例如：旋转"},
    },
    asked_if=BOTH,
    required=False,
)

WORDS = {
    "en": {
        "instructions.still": "Sometimes nothing changes at all. Then there is no change to name: "
        "answer no to both.",
        "instructions.keys.text": "Y and N answer the questions, 1 to 9 choose the kind of change "
        "and send the answer, Enter sends it, Backspace goes back, the left and right arrows move "
        "the slider.",
        "lesson.clear.title": "A clear change",
        "lesson.clear": "In every row the shape grows from left to right, and nothing else "
        "changes. Both answers are yes.",
        "lesson.unclear.title": "An unclear change",
        "lesson.unclear": "One shape grows, one moves, one turns, one takes another colour. The "
        "rows do not change in the same way, so the first answer is no.",
        "lesson.move": "Every shape moves from left to right, and nothing else changes: yes and "
        "yes.",
        "lesson.scatter": "Each row changes in another way: no to the first question.",
        "lesson.two": "All rows change in the same way, but two things change at once, the size "
        "and the brightness behind: yes and no.",
    },
    "zh": {
        "instructions.still": "有时什么都没有变。那就没有可以说出的变化：两个问题都答“否”。",
        "instructions.keys.text": "Y 和 N 回答问题，1 到 9 选择变化的种类并提交，Enter 提交，"
        "Backspace 返回，左右方向键移动滑块。",
        "lesson.clear.title": "清楚的变化",
        "lesson.clear": "每一行的图形都从左到右变大，其他都不变。两个问题都答“是”。",
        "lesson.unclear.title": "不清楚的变化",
        "lesson.unclear": "一个变大，一个移动，一个旋转，一个变色。各行的变化方式不同，"
        "所以第一个问题答“否”。",
        "lesson.move": "所有图形都从左向右移动，其他都不变：是，是。",
        "lesson.scatter": "各行的变化方式不同：第一个问题答“否”。",
        "lesson.two": "所有行的变化方式相同，但同时变了两样：大小和背景亮度：是，否。",
    },
}


class Rating(Task):
    """One direction on a page; see this module."""

    name: ClassVar[str] = "rating"
    score_name: ClassVar[str] = "mos"
    words: ClassVar[Words] = WORDS
    questions: tuple[Question, ...] = (CONSISTENT, SINGLE, CATEGORY, LABEL)
    lessons: ClassVar[tuple[DrawnLesson, ...]] = (
        DrawnLesson("example", "clear", (grow,), BOTH),
        DrawnLesson("example", "unclear", (scatter,), {"consistent": False}),
        DrawnLesson("quiz", "move", (move,), BOTH),
        DrawnLesson("quiz", "scatter", (scatter_otherwise,), {"consistent": False}),
        DrawnLesson("quiz", "two", (grow_and_recolour,), {"consistent": True, "single": False}),
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
