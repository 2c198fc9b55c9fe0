"""What the suite itself offers by name: imported when it is asked for, described without that.

To list the methods is to read a few docstrings; to import them takes torch, and a second.
"""

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class Offered(Mapping[str, T]):
    """Classes of the suite, or what `use` makes of them, by name."""

    def __init__(
        self, places: Mapping[str, str], use: Callable[[Any], T] = lambda kind: kind
    ) -> None:
        """places: where each class is, as `package.module:Class`."""
        self._places, self._use, self._loaded = dict(places), use, dict[str, T]()

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            module, _, kind = self._places[name].partition(":")
            self._loaded[name] = self._use(getattr(importlib.import_module(module), kind))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def about(self, name: str) -> str:
        """The first line of the class's docstring, read from its file."""
        module, _, kind = self._places[name].partition(":")
        spec = find_spec(module)
        assert spec is not None, f"{module} is a file of the suite"
        tree = ast.parse(Path(spec.origin or "").read_text(encoding="utf-8"))
        (found,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind)
        return (ast.get_docstring(found) or "").partition("\n")[0]
