"""What the site says in a language: the sentences of the catalogue, and the words of the study's
task."""

import hashlib
from collections.abc import Mapping

from study_server.sentences import Plural, texts
from study_server.tasks.question import Words


def with_task(language: str, words: Words) -> Mapping[str, str]:
    """All strings of a language, those that the task replaces or adds among them.

    What the task says in another language alone is taken from there: the site's own words would
    speak of another task.
    """
    others = {key: text for said in reversed(list(words.values())) for key, text in said.items()}
    return {**texts(language), **others, **words.get(language, {})}


def say(strings: Mapping[str, str], key: str, **values: object) -> str:
    """One string with its values filled in, in the form that their number needs. Raises KeyError
    for an unknown key."""
    text = strings[key]
    if isinstance(text, Plural):
        text = text.said_of(values)
    return text.format(**values) if values else text


def sha256_of(text: str) -> str:
    """The hash by which a text that people were shown is known."""
    return hashlib.sha256(text.encode()).hexdigest()
