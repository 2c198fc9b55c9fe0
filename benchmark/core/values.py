"""Turns settings that people give as TOML or text into values of a dataclass's fields."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from benchmark.core.errors import BenchError

WHOLE = 2**63  # whole numbers that tables and tensors hold are below


@cache
def field_types(kind: type) -> Mapping[str, Any]:
    """The type of each field of a dataclass, by the field's name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def as_field(kind: type, name: str, value: Any, key: str) -> Any:
    """`value` as the field `name` of the dataclass `kind` holds it.

    Text stands for any type, `1,2` for a tuple and `none` for None. Raises BenchError, which calls
    the field `key`, where the value is of another type; a float must be finite.
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


def _typed(value: Any, hint: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if NoneType in inner and value in (None, "none"):
            return None
        (hint,) = (kind for kind in inner if kind is not NoneType)
        return _typed(value, hint)
    if origin is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        parts = parts if isinstance(parts, list | tuple) else [parts]
        return tuple(_typed(part, inner[0]) for part in parts)
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


def _words(hint: Any) -> str:
    """The type in words: `int`, or for a tuple `int,int,...`."""
    inner = [kind for kind in get_args(hint) if kind not in (NoneType, Ellipsis)]
    if get_origin(hint) is tuple:
        return f"{_words(inner[0])},{_words(inner[0])},..."
    return _words(inner[0]) if inner else str(getattr(hint, "__name__", hint))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
