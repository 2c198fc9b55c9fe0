"""What the site says, by language: one TOML table of strings for each language, in `locales/`, and
the words of the study's task."""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from study_server.study_settings import LANGUAGES
from study_server.tasks.question import Words

NAMES = {"en": "English", "zh": "中文"}


@cache
def texts(language: str) -> dict[str, str]:
    """All strings of a language by key."""
    path = resources.files("study_server").joinpath("locales", f"{language}.toml")
    table: dict[str, str] = tomllib.loads(path.read_text("utf-8"))
    return table


def with_task(language: str, words: Words) -> Mapping[str, str]:
    """All strings of a language, those that the task replaces or adds among them.

    What the task says in another language alone is taken from there: the site's own words would
    speak of another task.
    """
    others = {key: text for said in reversed(list(words.values())) for key, text in said.items()}
    return {**texts(language), **others, **words.get(language, {})}


def say(strings: Mapping[str, str], key: str, **values: object) -> str:
    """One string with its values filled in. Raises KeyError for an unknown key."""
    text = strings[key]
    return text.format(**values) if values else text


def sha256_of(text: str) -> str:
    """The hash by which a text that people were shown is known."""
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["LANGUAGES", "NAMES", "say", "sha256_of", "texts", "with_task"]
