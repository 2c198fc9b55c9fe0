"""What taking part means, in the words of `study.toml`, with what the task asks filled in; and what
is stored, in the words of the database's own columns."""

from collections.abc import Mapping
from dataclasses import dataclass

from study_server.assignment import personal_plan
from study_server.bundle import Bundle
from study_server.judging import minutes_left
from study_server.models import Base
from study_server.tasks.task import Task
from study_server.texts import say, sha256_of

UNTIL = ("outside", "invitation")  # what is dropped on the day that study.toml names


@dataclass(frozen=True)
class Terms:
    """All that the consent page says. stored: what the database keeps, one thing each; withdraw:
    how to withdraw; heading: above what is stored."""

    paragraphs: tuple[str, ...]
    heading: str
    stored: tuple[str, ...]
    withdraw: str

    @property
    def text(self) -> str:
        """All of it as one text, which is stored when somebody agrees."""
        listed = "\n".join(f"- {one}" for one in self.stored)
        return "\n\n".join((*self.paragraphs, self.heading, listed, self.withdraw))

    @property
    def sha256(self) -> str:
        return sha256_of(self.text)


def terms_of(bundle: Bundle, language: str, strings: Mapping[str, str]) -> Terms:
    """The terms of a study in one language."""
    text = consent_text(bundle, language, strings)
    return Terms(
        paragraphs=tuple(text.strip().split("\n\n")),
        heading=say(strings, "consent.stored"),
        stored=stored(strings, bundle.settings.retention),
        withdraw=say(strings, "consent.withdraw"),
    )


def stored(strings: Mapping[str, str], retention: str = "") -> tuple[str, ...]:
    """What the database keeps of a person: of each column what `study_server.models` says, once.
    retention: the day on which outside numbers and names of links are dropped, "" for never."""
    columns = (column for table in Base.metadata.tables.values() for column in table.columns)
    keys = dict.fromkeys(key for column in columns if (key := column.info["stored"]))
    if not retention:
        return tuple(say(strings, f"stored.{key}") for key in keys)
    until = say(strings, "stored.until", day=retention)
    return tuple(say(strings, f"stored.{key}") + (until if key in UNTIL else "") for key in keys)


def consent_text(bundle: Bundle, language: str, strings: Mapping[str, str]) -> str:
    """The consent text; `{questions}` and `{minutes}` in it are what the task asks of one item, and
    how long all items of one annotator take."""
    settings = bundle.settings
    text = settings.text(settings.consent, language)
    filled = {
        "{questions}": questions(bundle.task, strings),
        "{minutes}": str(minutes(bundle)),
    }
    for name, value in filled.items():
        text = text.replace(name, value)
    return text


def minutes(bundle: Bundle) -> int:
    """How long an annotator takes for all items, in whole minutes from 1."""
    return max(1, minutes_left([], len(personal_plan(0, bundle))))


def questions(task: Task, strings: Mapping[str, str]) -> str:
    """How many questions an item asks: of everybody, and after some answers."""
    most = len(task.questions)
    least = sum(not question.asked_if for question in task.questions)
    key = "some" if least < most else "all" if most > 1 else "one"
    return say(strings, f"consent.questions.{key}", least=least, most=most)
