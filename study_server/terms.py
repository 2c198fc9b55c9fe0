"""What taking part means, in the words of `study.toml`, with what the task asks filled in; and what
is stored, in the words of the database's own columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from study_server.assignment import personal_plan
from study_server.bundle import Bundle
from study_server.judging import minutes_left
from study_server.models import Annotator, Base
from study_server.tasks.task import Task
from study_server.texts import say, sha256_of


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
    retention: the day on which outside numbers are dropped, "" for never."""
    columns = (column for table in Base.metadata.tables.values() for column in table.columns)
    return _told((column.info["stored"] for column in columns), strings, retention)


def stored_of(me: Annotator, strings: Mapping[str, str], retention: str = "") -> tuple[str, ...]:
    """The same of somebody who has not begun: of each of their columns that holds anything."""
    keys = [
        column.info["stored"]
        for column in Annotator.__table__.columns
        if getattr(me, column.key) not in (None, "", column.default and column.default.arg)
    ]
    return _told([*keys, *(["address"] if me.source == "open" else [])], strings, retention)


def _told(keys: Iterable[str], strings: Mapping[str, str], retention: str) -> tuple[str, ...]:
    return tuple(
        say(strings, "retention.outside", day=retention)
        if key == "outside" and retention
        else say(strings, f"stored.{key}")
        for key in dict.fromkeys(keys)
        if key
    )


def consent_text(bundle: Bundle, language: str, strings: Mapping[str, str]) -> str:
    """The consent text; `{questions}` in it is what the task asks of one item, and `{time}`, or
    `{minutes}` as a bare number, how long all items of one annotator take."""
    settings = bundle.settings
    text = settings.text(settings.consent, language)
    filled = {
        "{questions}": questions(bundle.task, strings),
        "{time}": say(strings, "consent.time", minutes=minutes(bundle)),
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
    most = len(task.posed)
    least = sum(not question.asked_if for question in task.posed)
    key = "some" if least < most else "all" if most > 1 else "one"
    return say(strings, f"consent.questions.{key}", least=least, most=most)
