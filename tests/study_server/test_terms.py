"""The consent text says what the study's own task asks, and how long all of it takes."""

from dataclasses import replace
from pathlib import Path

import pytest

import study_server
from study_server.sentences import LANGUAGES, texts
from study_server.served import Served
from study_server.settings_file import read_settings
from study_server.tasks import Question, Rating
from study_server.terms import consent_text, minutes

EN = {"en": {"ask": "Well?"}}
FIRST, SECOND = Question("first", "yes_no", EN), Question("second", "yes_no", EN)


def consent(served: Served, language: str, *questions: Question) -> str:
    task = served.bundle.task
    task = type(task)(served.bundle.settings)
    task.questions = questions or task.questions
    settings = replace(
        served.bundle.settings,
        consent={"en": "{questions}, {minutes} minutes, {other}", "zh": "{questions} {minutes}"},
    )
    return consent_text(
        replace(served.bundle, task=task, settings=settings), language, texts(language)
    )


@pytest.mark.parametrize(
    ("language", "questions", "expected"),
    [
        ("en", (), "2 to 4 short questions"),
        ("en", (FIRST,), "one short question"),
        ("en", (FIRST, SECOND), "2 short questions"),
        ("zh", (), "2 到 4 个简短的问题"),
        ("zh", (FIRST,), "一个简短的问题"),
        ("zh", (FIRST, SECOND), "2 个简短的问题"),
    ],
)
def test_it_says_how_many_questions_the_task_asks(
    served: Served, language: str, questions: tuple[Question, ...], expected: str
) -> None:
    text = consent(served, language, *questions)
    assert text.startswith(expected)
    assert str(minutes(served.bundle)) in text


def test_other_braces_stay(served: Served) -> None:
    assert consent(served, "en").endswith(" minutes, {other}")


def test_the_default_text_leaves_nothing_open(served: Served) -> None:
    default = read_settings(Path(study_server.__file__).parent / "study.toml")
    bundle = replace(served.bundle, settings=default, task=Rating(default))
    assert default.languages == LANGUAGES
    asked = {
        "en": "answer 2 to 4 short questions",
        "ar": "عن 2 إلى 4 أسئلة قصيرة",
        "de": "beantworten zu jeder Bildgruppe 2 bis 4 kurze Fragen",
        "es": "le haremos de 2 a 4 preguntas breves",
        "fr": "on vous posera 2 à 4 courtes questions",
        "ja": "短い質問2～4問にお答え",  # noqa: RUF001
        "zh": "回答2 到 4 个",
    }
    for language in LANGUAGES:
        text = consent_text(bundle, language, texts(language))
        assert asked[language] in text
        assert "{" not in text
