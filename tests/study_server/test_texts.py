"""Both languages say everything, with the same values to fill in."""

import re
from pathlib import Path

import pytest

from study_server.study_settings import LANGUAGES
from study_server.tasks import TASKS
from study_server.texts import NAMES, say, texts, with_task

TEMPLATES = Path("study_server/templates")


def test_languages_have_the_same_keys_and_values() -> None:
    assert set(NAMES) == set(LANGUAGES)
    spoken = [{language: texts(language) for language in LANGUAGES}]
    for task in TASKS.values():
        spoken += [task.words, *(question.words for question in task.questions)]
    for words in spoken:
        english = words["en"]
        for language in LANGUAGES:
            assert words[language].keys() == english.keys()
            for key, text in words[language].items():
                assert text.strip()
                values = [sorted(re.findall(r"{\w+}", said)) for said in (text, english[key])]
                assert values[0] == values[1]


def test_the_second_language_is_not_the_first() -> None:
    same = [key for key in texts("en") if texts("en")[key] == texts("zh")[key]]
    assert same == []


def test_every_key_that_a_template_names_exists() -> None:
    root = Path(__file__).parents[2] / TEMPLATES
    keys = {
        key
        for path in root.rglob("*.html")
        for key in re.findall(r"\bt\(\s*[\"']([\w.]+)[\"']\s*[,)]", path.read_text("utf-8"))
    }
    assert len(keys) > 40
    assert keys <= texts("en").keys()


def test_every_lesson_is_explained() -> None:
    for task in TASKS.values():
        for lesson in task.lessons:
            assert f"lesson.{lesson.text}" in task.words["en"]
            assert lesson.role == "quiz" or f"lesson.{lesson.text}.title" in task.words["en"]


def test_a_task_s_words_come_before_the_site_s() -> None:
    assert with_task("zh", {})["item.yes"] == "是"
    own = {"en": {"item.yes": "Aye", "new": "New"}, "zh": {"new": "新"}}
    assert with_task("en", own)["item.yes"] == "Aye"
    assert with_task("zh", own)["item.yes"] == "Aye"  # the site's would speak of another task
    assert with_task("zh", own)["new"] == "新"
    assert with_task("zh", own)["item.no"] == "否"


def test_unknown_keys_fail() -> None:
    with pytest.raises(KeyError):
        say(texts("en"), "nonsense")
