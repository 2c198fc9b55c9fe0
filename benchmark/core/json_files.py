"""JSON files: strict when written, and when read nothing but a plain file of an expected shape."""

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json
from benchmark.core.storage import is_plain, write_atomically

SEAL = "sha256"  # the key under which a file holds the hash of all else in it


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write the content, with null for every number that is not finite, which JSON cannot hold."""
    text = json.dumps(as_json(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def read_object(path: Path) -> dict[str, Any]:
    """The object in the file. Raises BenchError for whatever else there is."""
    if not is_plain(path):
        raise BenchError(f"{path} is no plain file")
    content = read_json(path)
    if not isinstance(content, dict):
        raise BenchError(f"{path} holds no object")
    return content


def as_json(content: Any) -> Any:
    """The content with None for numbers that are not finite."""
    if isinstance(content, Mapping):
        return {str(name): as_json(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [as_json(value) for value in content]
    return None if isinstance(content, float) and not isfinite(content) else content


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as JSON holds it, with the hash of all else in it as its last entry."""
    plain: dict[str, Any] = as_json({key: v for key, v in content.items() if key != SEAL})
    return {**plain, SEAL: _hash(plain)}


def seal_holds(content: Mapping[str, Any]) -> bool:
    """Whether it is still what was sealed. Raises ValueError for numbers that are not finite."""
    return content.get(SEAL) == _hash({key: v for key, v in content.items() if key != SEAL})


def _hash(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
