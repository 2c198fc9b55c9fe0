"""What participants read, in gettext catalogues: files that translators' programs open.

`locales/study.pot` holds the English, each sentence under a key of its own (its context), with
notes for translators. `locales/LANGUAGE/LC_MESSAGES/study.po` holds a language; the folder alone
makes it one of the site's. What has no translation, or one of an English that has changed since
("fuzzy"), is said in English.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

PLACEHOLDER = re.compile(r"{(\w+)}")
LOCALES = resources.files("study_server").joinpath("locales")
LANGUAGES = ("en", *sorted(one.name for one in LOCALES.iterdir() if one.is_dir()))


class Plural(str):
    """A sentence whose form a number decides; as a plain text, the form of most numbers.

    number: the placeholder that decides, the last one of the English. which: the form's index.
    """

    forms: tuple[str, ...]
    number: str
    which: Callable[[int], int]

    def __new__(cls, forms: tuple[str, ...], number: str, rule: str) -> "Plural":
        """rule: as catalogues give it, in C."""
        self = super().__new__(cls, forms[-1])
        self.forms, self.number, self.which = forms, number, c2py(rule)
        return self

    def said_of(self, values: Mapping[str, object]) -> str:
        """The form for these values."""
        return self.forms[self.which(int(str(values[self.number])))]


@cache
def texts(language: str) -> Mapping[str, str]:
    """All sentences of a language by key."""
    english = _read("study.pot", "en")
    own = english if language == "en" else _read(f"{language}/LC_MESSAGES/study.po", language)
    found: dict[str, str] = {}
    for message in english:
        if not message.context:  # the header
            continue
        said, rule = _forms(message.id), english.plural_expr
        other = own.get(message.id, message.context)
        if other and other.id == message.id and not other.fuzzy and all(_forms(other.string)):
            said, rule = _forms(other.string), own.plural_expr
        if isinstance(message.id, str):
            found[message.context] = said[0]
        else:
            number = PLACEHOLDER.findall(message.id[1])[-1]
            found[message.context] = Plural(said, number, rule)
    return found


def _forms(said: str | Sequence[str] | None) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said or ("",))


def _read(path: str, language: str) -> Catalog:
    with LOCALES.joinpath(path).open("rb") as file:
        return read_po(file, locale=language)


@dataclass(frozen=True)
class Part(Mapping[str, Mapping[str, str]]):
    """The sentences whose keys begin with `name.`, by language, then by the rest of the key: the
    words of a shipped task or question. A language is read when somebody asks for it."""

    name: str

    def __getitem__(self, language: str) -> Mapping[str, str]:
        if language not in LANGUAGES:
            raise KeyError(language)
        return _part(self.name, language)

    def __iter__(self) -> Iterator[str]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)


@cache
def _part(name: str, language: str) -> Mapping[str, str]:
    start = f"{name}."
    return {
        key.removeprefix(start): text
        for key, text in texts(language).items()
        if key.startswith(start)
    }


@cache
def name_of(language: str) -> str:
    """What a language calls itself; its code where it is unknown."""
    try:
        name = Locale.parse(language).get_display_name() or language
    except (ValueError, UnknownLocaleError):
        return language
    return name[:1].upper() + name[1:]


@cache
def direction_of(language: str) -> str:
    """Where its lines run: ltr, from left to right, or rtl."""
    return Locale.parse(language).text_direction
