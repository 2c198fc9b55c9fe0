"""Text files as people's programs write them: one reading for all that the suite reads.

Text is UTF-8, with a byte-order mark or without, or UTF-16 or UTF-32 with one. Anything else is
refused in one line, since a guess would change names in silence. Times have a zone; one without a
zone is read as UTC, which is what the suite writes.
"""

import codecs
import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmark.core.errors import BenchError

T = TypeVar("T")

MARKS = {  # the longer first: UTF-16's mark is the beginning of UTF-32's
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
LINE_END = re.compile("\r\n?")
DEPTH = 100  # of lists and objects in each other: more than any file needs, and safe to walk


def decoded(content: bytes, source: object) -> str:
    """The text of a file's bytes, its line ends as they are.

    source: names the file in the BenchError that another encoding raises.
    """
    mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
    encoding = MARKS.get(mark, "utf-8")
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise BenchError(
            f"{source} is not {name} text (line {line} cannot be decoded); save it as UTF-8"
        ) from None
    if "\0" in text:  # as in UTF-16 without a mark, or in a file that is no text at all
        raise BenchError(f"{source} is no text, or UTF-16 without its mark; save it as UTF-8")
    return text


def read_exactly(path: Path) -> str:
    """The text of a file with its line ends as they are, for formats that quote line ends.

    Raises BenchError where it is missing, a folder, not readable or in another encoding.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BenchError(f"{path} is a pipe or a device; a file is needed")  # it may never end
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BenchError(f"there is no {path}") from None
    except IsADirectoryError:
        raise BenchError(f"{path} is a folder; a file is needed") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}") from None
    return decoded(content, path)


def read_text(path: Path) -> str:
    """The text of a file, its lines ended by "\\n" alone. Raises BenchError as `read_exactly`."""
    return LINE_END.sub("\n", read_exactly(path))


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises BenchError as `read_exactly`, and for what is no JSON."""
    return parse_json(read_text(path), path)


def parse_json(text: str, source: object) -> Any:
    """What a JSON text holds. source: names it in the BenchError that anything else raises."""
    try:
        return _shallow(json.loads(text))
    except ValueError as error:
        raise BenchError(f"{source} is no whole JSON: {error}") from None
    except RecursionError:
        raise BenchError(f"{source} is nested too deeply") from None


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises BenchError as `read_exactly`, and for what is no TOML."""
    return parse_toml(read_exactly(path), path)


def parse_toml(text: str, source: object) -> dict[str, Any]:
    """What a TOML text holds. source: names it in the BenchError that anything else raises."""
    try:
        return _shallow(tomllib.loads(LINE_END.sub("\n", text)))
    except ValueError as error:
        raise BenchError(f"{source} is no TOML: {error}") from None
    except RecursionError:
        raise BenchError(f"{source} is nested too deeply") from None


def _shallow(value: T) -> T:
    """The value, whose lists and objects lie in each other DEPTH deep at most. Raises
    RecursionError, as whatever walks through it would."""
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [v for values in inside for v in values if isinstance(v, dict | list)]
    if level:
        raise RecursionError
    return value


def moment(value: object) -> datetime:
    """A date and time of day in UTC; one that names no zone is read as UTC.

    value: a text like `2026-01-31T12:00:00.123456+01:00`, or a datetime. Raises ValueError for
    anything else, a date alone among it.
    """
    if isinstance(value, str):
        text = value.strip()
        if ":" not in text:
            raise ValueError(f"'{value}' is no date and time of day")
        value = datetime.fromisoformat(text)
    if not isinstance(value, datetime) or value != value:  # NaT, pandas' missing time, is neither
        raise ValueError(f"{value!r} is no date and time of day")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
