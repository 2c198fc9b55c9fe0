"""What the site says, by language: one TOML table of strings a language, in `locales/`."""

import tomllib
from functools import cache
from importlib import resources

from study_server.study_settings import LANGUAGES

NAMES = {"en": "English", "zh": "中文"}


@cache
def texts(language: str) -> dict[str, str]:
    """All strings of a language by key."""
    path = resources.files("study_server").joinpath("locales", f"{language}.toml")
    table: dict[str, str] = tomllib.loads(path.read_text("utf-8"))
    return table


def say(language: str, key: str, **values: object) -> str:
    """One string with its values filled in. Raises KeyError for an unknown key."""
    text = texts(language)[key]
    return text.format(**values) if values else text


def category_name(language: str, category: str) -> str:
    """A category's name in `language`; a category of the designer's own stays as it is."""
    return texts(language).get(f"category.{category}", category)


__all__ = ["LANGUAGES", "NAMES", "category_name", "say", "texts"]
