"""Turns settings that people give as TOML or text into values of a dataclass's fields."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from benchmark.core.errors import BenchError

WHOLE = 2**63  # whole numbers that tables and tensors hold are below


@cache
def field_types(kind: type) -> Mapping[str, Any]:
    """The type of each field of a dataclass, by the field's name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def as_field(kind: type, name: str, value: Any, key: str) -> Any:
    """`value` as the field `name` of the dataclass `kind` holds it.

    Text stands for any type, `1,2` for a tuple or a list and `none` for None; of a `Literal` it is
    one of the choices. Raises BenchError, which calls the field `key`, where the value is of
    another type; a float must be finite.
    """
    hint = field_types(kind)[name]
    try:
        return _typed(value, hint)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        default = next(field.default for field in fields(kind) if field.name == name)
        like = "" if default is MISSING or default is None else f", like {_text(default)}"
        raise BenchError(f"{key} must be {_words(hint)}{like}, not {value!r}") from error


def check_plain(value: Any, key: str) -> None:
    """Raise BenchError, which calls it `key`, unless a setting is text, a number that is finite and
    fits 64 bits, true or false, or a list of these: what a run can store and read back.
    """
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, float) and not isfinite(part):
            raise BenchError(f"{key} must be finite, not {part}")
        large = isinstance(part, int) and abs(part) >= WHOLE
        if large or not isinstance(part, str | int | float):
            raise BenchError(f"{key} must be text or a number, or a list of these, not {part!r}")


def check_stored(value: Any, key: str) -> None:
    """Raise BenchError, which calls it `key`, where a run cannot store what a setting of somebody's
    own holds."""
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise BenchError(
            f"{key} is of type {type(value).__name__}, which no run can store: make it text, a "
            "number, true or false, or a list of these"
        ) from error


def _typed(value: Any, hint: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if NoneType in inner and value in (None, "none"):
            return None
        return _first([kind for kind in inner if kind is not NoneType], value)
    if origin is Literal:
        return {str(choice): choice for choice in inner}[str(value)]
    if (origin or hint) in (tuple, list, Sequence):  # text has parts, too: its characters
        parts = value.split(",") if isinstance(value, str) else value
        parts = parts if isinstance(parts, list | tuple) else [parts]
        typed = [_typed(part, inner[0]) for part in parts] if inner else parts
        return list(typed) if (origin or hint) is list else tuple(typed)
    if hint is bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}[str(value)]
    if isinstance(value, bool) or (hint is str and not isinstance(value, str)):
        raise TypeError(value)
    if hint is int and isinstance(value, float):  # int() would cut it
        raise TypeError(value)
    made = hint(value)
    if isinstance(made, float) and not isfinite(made):
        raise ValueError(value)
    if isinstance(made, int) and abs(made) >= WHOLE:
        raise ValueError(value)
    return made


def _first(hints: Sequence[Any], value: Any) -> Any:
    """The value as the first of these types that takes it. Raises ValueError where none does."""
    for hint in hints:
        with suppress(ValueError, TypeError, KeyError, OverflowError):
            return _typed(value, hint)
    raise ValueError(value)


def _words(hint: Any) -> str:
    """The type in words: `int`, for a tuple `int,int,...`, and of several `a or b`."""
    inner = [kind for kind in get_args(hint) if kind not in (NoneType, Ellipsis)]
    if get_origin(hint) is Literal:
        return " or ".join(map(str, inner))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(map(_words, inner))
    return f"{_words(inner[0])},{_words(inner[0])},..." if inner else hint.__name__


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
