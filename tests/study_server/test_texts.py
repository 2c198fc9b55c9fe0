"""Both languages say everything, with the same values to fill in."""

import re
from pathlib import Path

import pytest

from study_server.study_settings import LANGUAGES
from study_server.texts import NAMES, category_name, say, texts

TEMPLATES = Path("study_server/templates")


def test_languages_have_the_same_keys_and_values() -> None:
    english = texts("en")
    assert set(NAMES) == set(LANGUAGES)
    for language in LANGUAGES:
        other = texts(language)
        assert other.keys() == english.keys()
        for key, text in other.items():
            assert text.strip()
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[key]))


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


def test_unknown_keys_fail_and_unknown_categories_stay() -> None:
    with pytest.raises(KeyError):
        say("en", "nonsense")
    assert category_name("zh", "colour") == "颜色"
    assert category_name("zh", "mouth") == "mouth"
