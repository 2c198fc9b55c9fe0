"""One question to an annotator: how it is put, which answers it takes, and when it is asked."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Value = bool | str
Answer = dict[str, Value]  # by question: what was asked and given, nothing else
Words = Mapping[str, Mapping[str, str]]  # by language, then by key

OTHER = "other"  # the choice of those who answer in their own words
MAX_TEXT = 80  # characters of a text, or of an answer in one's own words
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
COMMA = re.compile("[,،、，]")  # noqa: RUF001 - between words that are suggested
KINDS = ("yes_no", "one_of", "text")
YES_NO = {"yes": True, "no": False}
FLAGS = {"true": True, "false": False}  # as exports write them


class Fault(Exception):
    """Why a field of a form is no answer. key: missing, word or long."""

    def __init__(self, key: str):
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Question:
    """A question with its texts.

    name: of the answer's column and of the form's field. kind: yes_no takes True or False, one_of
    one of `choices`, text a line of up to 80 characters. words: by language, `ask` (the question),
    `when` (small print: when it is asked), `missing` (what to say where it was left out), `example`
    and `suggest` (of a text: how it may read, and words that are offered, with commas between
    them), `other` (the field for one's own words), the name of each choice and `CHOICE.hint` below
    it; a language that lacks one takes the first that has it. of_settings: the choices are the
    categories of study.toml. other: one may answer in one's own words; own: the earlier text
    question whose answer, where there is one, is these words. asked_if: the answers to earlier
    questions that this one needs, one for each of them, as in {"single": True, "kind": "colour"};
    empty: everybody is asked. keys: that press the choices; y and n, or 1 to 9, unless given.
    required: it must be answered where it is asked. off: nobody is asked, since study.toml says so.
    """

    name: str
    kind: Literal["yes_no", "one_of", "text"]
    words: Words
    choices: tuple[str, ...] = ()
    of_settings: bool = False
    other: bool = False
    own: str = ""
    asked_if: Mapping[str, Value] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    required: bool = True
    off: bool = False

    def say(self, language: str, key: str) -> str:
        """One of its texts; "" where no language has it."""
        in_order = (self.words.get(language, {}), *self.words.values())
        return next((texts[key] for texts in in_order if key in texts), "")

    def suggestions(self, language: str) -> tuple[str, ...]:
        """Words that a text may be, in the order of the list; no answers of others."""
        words = COMMA.split(self.say(language, "suggest"))
        return tuple(clean(word) for word in words if word.strip())

    @property
    def offers(self) -> tuple[Value, ...]:
        """The answers to choose from; none for a text."""
        return (True, False) if self.kind == "yes_no" else self.choices

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """What a form offers: the field's value and the key that presses it."""
        offered = tuple(YES_NO) if self.kind == "yes_no" else self.choices
        offered += (OTHER,) if self.other else ()
        usual = ("y", "n") if self.kind == "yes_no" else tuple("123456789")
        keys = self.keys or usual
        return tuple((value, keys[i] if i < len(keys) else "") for i, value in enumerate(offered))

    @property
    def conditions(self) -> dict[str, str]:
        """`asked_if` as values of the form's fields."""
        return {name: _field(value) for name, value in self.asked_if.items()}

    def asked(self, answer: Answer) -> bool:
        """Whether somebody who gave these answers is asked."""
        return not self.off and self.fits(answer)

    def fits(self, answer: Answer) -> bool:
        """Whether it has a place beside these answers, be it asked or not."""
        return all(answer.get(name) == value for name, value in self.asked_if.items())

    def parse(self, form: Mapping[str, str], suffix: str = "", words: str = "") -> Value | None:
        """The answer in a form; None where one that nobody must give is left out. Raises Fault.

        suffix: what follows the name in the form's fields. words: the answer to `own`, which serves
        where no other words of one's own are given.
        """
        given = form.get(f"{self.name}{suffix}", "")
        if given == "" and not self.required and self.kind != "text":
            return None
        if self.kind == "yes_no":
            if given not in YES_NO:
                raise Fault("missing")
            return YES_NO[given]
        if self.kind == "one_of" and not (self.other and given == OTHER):
            if given in self.choices:
                return given
            raise Fault("missing")
        own = self.kind == "one_of"
        text = clean(form.get(f"{self.name}{suffix}-{OTHER}", "") if own else given) or words
        if not text and (own or self.required):
            raise Fault("word" if own else "missing")
        if len(text) > MAX_TEXT:
            raise Fault("long")
        return text or None

    def fields(self, value: Value, words: str = "") -> dict[str, str]:
        """The form's fields that say `value`. words: the answer to `own`, not said twice."""
        if self.kind == "one_of" and value not in self.choices:
            said = {} if value == words else {f"{self.name}-{OTHER}": str(value)}
            return {self.name: OTHER, **said}
        return {self.name: _field(value)}

    def check(self, value: object) -> None:
        """Raises ValueError unless `value` can be an answer."""
        if self.kind == "yes_no":
            good = isinstance(value, bool)
        elif self.kind == "one_of" and not self.other:
            good = value in self.choices
        else:
            good = isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value == clean(value)
        if not good:
            raise ValueError(f"{value!r} is no answer to '{self.name}'")

    def read(self, cell: Any) -> Value | None:
        """The answer in a cell of an export; None where it is empty. Raises KeyError."""
        if cell is None or cell == "" or cell != cell:  # NaN
            return None
        return FLAGS[str(cell).lower()] if self.kind == "yes_no" else str(cell)


def clean(text: str) -> str:
    """One line, as typed: control characters become spaces, the ends are trimmed."""
    unprintable = ("Cc", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(c) in unprintable else c for c in text).strip()


def _field(value: Value) -> str:
    return value if isinstance(value, str) else "yes" if value else "no"
