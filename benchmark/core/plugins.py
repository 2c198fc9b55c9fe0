"""Stands in for the loader of plug-ins until it is merged."""

import importlib.util
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError, unknown


def load_attribute(reference: str) -> Any:
    """What `path/to/file.py:NAME` names. Raises BenchError where it cannot be had."""
    file, _, name = reference.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise BenchError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BenchError(f"{path} cannot be imported: {error!r}") from error
    if not hasattr(module, name):
        raise unknown(f"name in {path}", name, [n for n in vars(module) if not n.startswith("_")])
    return getattr(module, name)


def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of installed packages in `group`, by name."""
    return {point.name: point for point in entry_points(group=group)}
