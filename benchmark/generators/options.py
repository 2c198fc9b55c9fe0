"""Options of a generator in its reference, as in `imagenet-biggan?classes=207,239`.

The generator's `Options` says which options there are, and of what type. Only given options are
part of a cell's identity.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import quote, unquote

from benchmark.core.errors import BenchError, unknown
from benchmark.core.values import as_field, check_stored
from benchmark.generators.base import Generator

ALSO = {"class": "classes"}  # what people write where they mean one


def split_reference(reference: str) -> tuple[str, dict[str, str]]:
    """A reference without its options, and the options as texts; `class=3` is `classes=3`.

    Raises BenchError for an option that is given twice.
    """
    base, _, query = reference.partition("?")
    given: dict[str, str] = {}
    for name, _, text in (part.partition("=") for part in query.split("&") if part):
        name = ALSO.get(name, name)
        if name in given:
            raise BenchError(f"{reference} gives the option '{name}' twice")
        given[name] = unquote(text)
    return base, given


def with_options(reference: str, options: Mapping[str, Any]) -> str:
    """The reference that opens the same generator with these options above its own."""
    base, own = split_reference(reference)
    merged = {**own, **options}
    parts = [f"{name}={quote(_text(value), safe=', /:')}" for name, value in merged.items()]
    return f"{base}?{'&'.join(parts)}" if parts else base


def read_options(generator: Generator, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given options as the generator's `Options` holds them; raises BenchError which names an
    unknown option or a value of another type.
    """
    kind, name = generator.Options, type(generator).__name__
    known = option_names(generator)
    if given and not known:
        raise BenchError(f"the generator {name} has no options; leave out '{next(iter(given))}'")
    for option in given:
        if option not in known:
            raise unknown(f"option of {name}", option, known)
    found = {option: as_field(kind, option, value, option) for option, value in given.items()}
    for option, value in found.items():
        check_stored(value, f"the option {option} of {name}")
    return found


def option_names(generator: Generator) -> tuple[str, ...]:
    """The names of a generator's options."""
    return tuple(field.name for field in fields(generator.Options))


def _text(value: object) -> str:
    if isinstance(value, bool | None):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
