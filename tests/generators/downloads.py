"""A server on this machine that breaks connections and sends wrong files, and what it offers."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CONTENT = bytes(range(256)) * 4000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """What the server has: path -> content; how many bytes it sends of it before it hangs up."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    knows_ranges: bool = True
    tells_etag: bool = True
    ignores_if_range: bool = False
    shift: int | None = None  # how many bytes too early a range begins

    def etag(self, path: str) -> str:
        return f'"{hashlib.sha256(self.files[path]).hexdigest()[:8]}"'

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


Offer = Callable[..., None]


def left(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
