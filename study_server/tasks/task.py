"""What is asked of people: the directions on a page, the questions, and what an answer is worth."""

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from benchmark.core.errors import BenchError
from study_server.drawings import Change
from study_server.study_settings import Settings
from study_server.tasks.question import Answer, Fault, Question, Value, Words
from study_server.tasks.soundness import faults

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and the site needs it for exports alone

ANY_WORD = "word"


class FormError(Exception):
    """The faults of a form, by question: missing, word or long."""

    def __init__(self, faults: dict[str, str]):
        super().__init__(str(faults))
        self.faults = faults


@dataclass(frozen=True)
class Source:
    """What a direction on a page really is. check: "" for one under study, "good" or "still"."""

    generator: str
    method: str
    direction: int
    check: str = ""


@dataclass(frozen=True)
class DrawnLesson:
    """Drawings whose right answers are known. role: example (in the instructions) or quiz. text:
    its words are `lesson.TEXT` (why) and, of an example, `lesson.TEXT.title`. changes: one for each
    direction on a page. right: by question; any answer to another question is right."""

    role: Literal["example", "quiz"]
    text: str
    changes: tuple[Change, ...]
    right: Mapping[str, bool | str]


@dataclass(frozen=True)
class Summary:
    """A table that a task makes of its answers, beside those that every analysis has.

    name: the files' stem. title: its heading. words: a sentence for each column, in their order.
    rows: by column a plain value, an Estimate or an Undefined (`benchmark.core.estimates`). key:
    the columns that tell rows apart. notes: sentences below the table.
    """

    name: str
    title: str
    words: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    key: Sequence[str]
    notes: Sequence[str] = ()


class Task(ABC):
    """A task for people. One file makes one: give `name`, `questions` and `score`, and where there
    are two directions on a page, `items`.

    declared: the questions before study.toml had a say in which of them are asked, and whether they
    must be answered. shows: directions on a page, 1 or 2. score_name: the score's column in
    exports. expected: the score that an item of each kind of check deserves. words: by language,
    texts of the site that the task replaces or adds. lessons: drawn examples for the instructions
    and the quiz; without any there is no quiz.
    """

    name: ClassVar[str]
    shows: ClassVar[int] = 1
    score_name: ClassVar[str] = "score"
    expected: ClassVar[Mapping[str, float]] = {"good": 1, "still": 0}
    words: ClassVar[Words] = {}
    lessons: ClassVar[tuple[DrawnLesson, ...]] = ()
    questions: tuple[Question, ...]
    declared: tuple[Question, ...]

    def __init__(self, settings: Settings):
        self.questions = tuple(
            replace(q, choices=settings.categories) if q.of_settings else q for q in self.questions
        )
        self.declared = self.questions
        _check_task(self)

    @abstractmethod
    def score(self, answer: Answer) -> float | None:
        """What an answer is worth; None where it says nothing. Of one direction it is 0 or 1, whose
        mean over annotators is the direction's mean opinion score. Of two, `tables` says what it
        means.

        answer: what was asked and given, nothing else: a question that was not asked has no key.
        """

    def items(
        self, directions: Sequence[Source], rng: random.Random
    ) -> Sequence[tuple[Source, ...]]:
        """Which directions stand together on a page: each as it is, for a task that shows one.

        directions: those under study and the checks. An item that holds a check is one, and counts
        for none of its directions: keep them apart by `Source.check`.
        """
        if self.shows > 1:
            raise BenchError(f"the task {self.name} shows {self.shows} directions: give it items()")
        return [(source,) for source in directions]

    def page(self) -> str:
        """Jinja source of the item page: all directions of the item, and all questions."""
        path = resources.files("study_server").joinpath("templates", "tasks", "rating.html")
        return path.read_text("utf-8")

    def truth(self, sources: tuple[Source, ...], rng: random.Random) -> Answer:
        """What a perfect observer says about an item, to every question whether asked or not.

        It is what simulated annotators go by. rng: the same for the same sources.
        """
        return self.guess(rng) | self.deserved(check_of(sources))

    def tables(self, judgments: "pd.DataFrame") -> Sequence[Summary]:
        """Tables of the task's own. judgments: the answers that count, those screened out left
        out, in the columns of `benchmark.core.judgments` and one for each question."""
        return ()

    # ---------------------------------------------------------------- the same for every task

    @property
    def always(self) -> tuple[Question, ...]:
        """The questions to choose an answer to that everybody is asked."""
        return tuple(q for q in self.questions if q.kind != "text" and not q.asked_if)

    @property
    def posed(self) -> tuple[Question, ...]:
        """The questions that people meet: all but those that study.toml turns off."""
        return tuple(q for q in self.questions if not q.off)

    @property
    def units(self) -> str:
        """What its items are, in the plural."""
        return "directions" if self.shows == 1 else "pairs"

    @property
    def quiz(self) -> tuple[Question, ...]:
        """The questions that the quiz asks: those to which a lesson knows the right answer."""
        known = {name for lesson in self.lessons for name in lesson.right}
        return tuple(q for q in self.questions if q.name in known)

    def parse(self, form: Mapping[str, str]) -> Answer:
        """The answer in a form: what is asked and given. Raises FormError."""
        answer: Answer = {}
        faults = {}
        for question in self.questions:
            if not question.asked(answer):
                continue
            try:
                value = question.parse(form, words=str(answer.get(question.own, "")))
            except Fault as fault:
                faults[question.name] = fault.key
                continue
            if value is not None:
                answer[question.name] = value
        if faults:
            raise FormError(faults)
        return answer

    def fields(self, answer: Answer) -> dict[str, str]:
        """The form's fields that give this answer."""
        filled = (
            q.fields(answer[q.name], str(answer.get(q.own, "")))
            for q in self.questions
            if q.name in answer
        )
        return {name: text for fields in filled for name, text in fields.items()}

    def check(self, answer: Answer) -> None:
        """Raises ValueError unless the answer says what is asked, and nothing else.

        The questions are taken as declared: study.toml may have said otherwise when it was given.
        """
        if strange := answer.keys() - {q.name for q in self.declared}:
            raise ValueError(f"'{min(strange)}' is no question of the task {self.name}")
        for question in self.declared:
            asked = question.fits(answer)
            if question.name in answer:
                if not asked:
                    raise ValueError(f"'{question.name}' is not asked after these answers")
                question.check(answer[question.name])
            elif asked and question.required:
                raise ValueError(f"'{question.name}' has no answer")

    def asked(self, answer: Answer) -> Answer:
        """The part of an answer that is asked for."""
        kept: Answer = {}
        for question in self.questions:
            if question.name in answer and question.asked(kept):
                kept[question.name] = answer[question.name]
        return kept

    def guess(self, rng: random.Random) -> Answer:
        """A random choice for every question that offers any, and a random one of the words that
        are offered for a text."""
        chosen = {q.name: rng.choice(q.offers) for q in self.questions if q.offers}
        texts = {q.name: q.suggestions("en") or (ANY_WORD,) for q in self.questions if not q.offers}
        return chosen | {name: rng.choice(words) for name, words in texts.items()}

    def deserved(self, check: str) -> Answer:
        """An answer that scores as a check item deserves, without what makes no difference to the
        score; empty for no check, and where no answer does."""
        chosen = {q.name for q in self.questions if q.offers}
        wanted = self.expected.get(check)
        for kept in ({q.name for q in self.always}, chosen):
            scores: dict[tuple[tuple[str, Value], ...], set[float | None]] = {}
            for answer in self.possible():
                key = tuple((name, value) for name, value in answer.items() if name in kept)
                scores.setdefault(key, set()).add(self.score(answer))
            for key, found in scores.items():
                if check and found == {wanted}:
                    return dict(key)
        return {}

    def possible(self) -> Iterator[Answer]:
        """Every answer that can be given by choosing, or by leaving out what may be; a text that
        must be given is one word."""
        answers: list[Answer] = [{}]
        for q in self.questions:
            values = q.offers or ((ANY_WORD,) if q.required else ())
            answers = [
                more
                for answer in answers
                for more in (
                    *(({**answer, q.name: value} for value in values) if q.asked(answer) else ()),
                    *(() if values and q.required and q.asked(answer) else (answer,)),
                )
            ]
        yield from answers

    def in_order(self, names: Sequence[str]) -> None:
        """Ask in this order, which a study was built with. Raises BenchError where a question would
        come before one that it waits for."""
        self.questions = tuple(sorted(self.questions, key=lambda q: names.index(q.name)))
        self.declared = tuple(sorted(self.declared, key=lambda q: names.index(q.name)))
        _check_task(self)

    def describe(self) -> dict[str, Any]:
        """The task as a bundle stores it: its name, and its questions as they are declared."""
        return {
            "name": self.name,
            "shows": self.shows,
            "questions": [_described(question) for question in self.declared],
        }


def check_of(sources: Sequence[Source]) -> str:
    """What kind of check an item is: that of its first direction; "" where it is none.

    Of two directions the clear one may so stand on either side: with the scores that checks deserve
    unless a task says otherwise, `good` beside still is a win of the first, `still` beside good one
    of the second.
    """
    return sources[0].check


def as_json(answer: Answer) -> str:
    """An answer as it is stored."""
    return json.dumps(answer, ensure_ascii=False)


def _described(question: Question) -> dict[str, Any]:
    """Choices from study.toml are left out: the designer may still change them there."""
    return {
        "name": question.name,
        "kind": question.kind,
        "choices": [] if question.of_settings else list(question.choices),
        "of_settings": question.of_settings,
        "other": question.other,
        "asked_if": dict(question.asked_if),
        "required": question.required,
        "words": {language: dict(texts) for language, texts in question.words.items()},
    }


def _check_task(task: Task) -> None:
    parts = task.shows, task.questions, task.possible(), task.score, task.score_name
    for fault in faults(*parts):
        raise BenchError(f"the task {task.name}: {fault}")
