"""What taking part means, in the words of `study.toml`, with what the task asks filled in."""

from collections.abc import Mapping

from study_server.assignment import personal_plan
from study_server.bundle import Bundle
from study_server.judging import minutes_left
from study_server.tasks.task import Task
from study_server.texts import say


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
