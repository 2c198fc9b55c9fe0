"""Plug-ins from outside, found by name: in a user's Python file or in an installed package.

A user's file runs as it would by `python mine.py`: modules beside it can be imported, and its
classes know the module they come from. Each load runs the file anew, so that random numbers drawn
at its top level are the same each time.

A package offers plug-ins by entry points of the groups `latent_direction_bench.generators`,
`.methods`, `.metrics` and `.tasks`.
"""

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line, reason_of

GROUP = "latent_direction_bench"
KINDS = ("generators", "methods", "metrics", "tasks")

PREFIX = "user_file_"  # of the modules that users' files become

_neighbours: set[str] = set()  # modules that the last file imported from its own folder


@dataclass(frozen=True)
class Loaded:
    """value: what a reference names. code: the identity of the code that it comes from, the SHA-256
    of a user's file (together with what it imports from beside it), or a package and its version.
    """

    value: Any
    code: str


@dataclass(frozen=True)
class Offer:
    """A plug-in of an installed package, not imported yet."""

    name: str
    package: str  # with its version
    entry_point: EntryPoint

    def __str__(self) -> str:
        return f"'{self.name}' of package {self.package}"

    def load(self) -> Loaded:
        """Import it; raises BenchError in one line where that fails."""
        with _torch_as_it_is():
            loaded = in_one_line(f"{self} cannot be loaded", self.entry_point.load)
        return Loaded(loaded, self.package)


def installed(kind: str) -> dict[str, Offer]:
    """The plug-ins of one of KINDS that installed packages offer, by name.

    Where two packages offer one name, the package whose name sorts first counts.
    """
    offers = [
        Offer(point.name, f"{point.dist.name} {point.dist.version}" if point.dist else "?", point)
        for point in entry_points(group=f"{GROUP}.{kind}")
    ]
    ordered = sorted(offers, key=lambda offer: (offer.name, offer.package), reverse=True)
    return {offer.name: offer for offer in ordered}


def is_file(reference: str) -> bool:
    """Whether a reference is `path/to/file.py:NAME`."""
    return ".py:" in reference


def check_reference(reference: str) -> None:
    """Raise BenchError for a Python file without the name of what is meant in it."""
    if reference.endswith(".py"):
        raise BenchError(f"{reference} is a Python file: say what is meant in it, {reference}:NAME")


def subclass(value: Any, base: type[Any], source: str) -> type[Any]:
    """`value` if it is a class that fills in all of `base`. Raises BenchError."""
    wanted = f"a subclass of {base.__module__}.{base.__name__}"
    if not isinstance(value, type):
        raise BenchError(f"{source} is of type {type(value).__name__}; it must be {wanted}")
    if not issubclass(value, base):
        raise BenchError(f"{source} is a class of its own; it must be {wanted}")
    if inspect.isabstract(value):
        missing = ", ".join(sorted(getattr(value, "__abstractmethods__", ())))
        raise BenchError(f"{source} is unfinished: it lacks {missing}")
    return value


def name_of(reference: str) -> str:
    """The name of `path/to/file.py:NAME`, which is `file-NAME` in whatever folder it lies."""
    path, _, attribute = reference.rpartition(":")
    return f"{Path(path).stem}-{attribute}"


def distinct_names(named: Mapping[str, str]) -> dict[str, str]:
    """Names by reference such that no two references share one.

    Where they would, each name gains the parts of its reference that the others lack.
    """
    names: dict[str, str] = {}
    for reference, name in named.items():
        rivals = [r for r, n in named.items() if n == name and r != reference]
        shared = set.intersection(*({*_parts(r)} for r in (reference, *rivals)))
        own = [part for part in _parts(reference) if part not in shared] if rivals else []
        names[reference] = "-".join([name, *own])
    counts = Counter(names.values())
    for reference, name in names.items():
        if counts[name] > 1:  # the same parts in another order
            digest = hashlib.sha256(reference.encode()).hexdigest()[:6]
            names[reference] = f"{name}-{digest}"
    return names


def _parts(reference: str) -> list[str]:
    return re.findall(r"[\w.-]*\w", reference)


def from_file(reference: str, use: Callable[[Any], Any] = lambda value: value) -> Loaded:
    """What `use` makes of NAME in `path/to/file.py:NAME`, while the file's folder is importable.

    Raises BenchError in one line for a file that is not there, fails or lacks the name.
    """
    text, _, attribute = reference.rpartition(":")
    path = Path(text).absolute()
    try:
        source = path.read_bytes()
    except OSError as error:
        fault = f"; {error.strerror}" if path.exists() else ""
        raise BenchError(f"no Python file at {text}{fault}") from error
    with _importable(path.parent), _torch_as_it_is():
        module = _run(path, source, reference)
        if not hasattr(module, attribute):
            offered = [name for name in vars(module) if not name.startswith("_")]
            raise unknown(f"name in {text}", attribute, offered)
        value = in_one_line(f"{reference} cannot be made", use, getattr(module, attribute))
    return Loaded(value, _code(path, source))


def _run(path: Path, source: bytes, reference: str) -> ModuleType:
    name = f"{PREFIX}{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise BenchError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look up the types that their fields name
    try:
        exec(compile(source, path, "exec"), module.__dict__)  # the very bytes that are hashed
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise BenchError(f"{reference} failed: {reason_of(error)}") from error
    return module


@contextmanager
def _torch_as_it_is() -> Iterator[None]:
    """What a plug-in sets for all of torch, as code for inference does, ends with its loading:
    whether gradients are kept, and the type of new numbers. The others of a run need theirs."""
    gradients, kind = True, None  # as torch begins; the site loads plug-ins without it
    if torch := sys.modules.get("torch"):
        gradients, kind = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        yield
    finally:
        if torch := sys.modules.get("torch"):
            torch.set_grad_enabled(gradients)
            torch.set_default_dtype(kind or torch.float32)


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """While entered, modules in `folder` can be imported; they are loaded anew."""
    for name in _neighbours:
        sys.modules.pop(name, None)
    _neighbours.clear()
    before, writes_none = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    sys.dont_write_bytecode = True  # bytecode would hide a change within a second
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes_none
        with suppress(ValueError):  # where the file has rearranged the path itself
            sys.path.remove(str(folder))
        _neighbours.update(_of_folder(set(sys.modules) - before, before, folder))


def _of_folder(names: Iterable[str], before: set[str], folder: Path) -> Iterator[str]:
    """Those of the new modules that are a file or a package directly in `folder`."""
    for name in names:
        top = name.partition(".")[0]
        known = top in before or top.startswith(PREFIX)
        if not known and _lies_in(sys.modules.get(top), folder):
            yield name


def _lies_in(module: ModuleType | None, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    if file is None:  # built in, or a folder of modules without __init__.py
        return any(Path(path).parent == folder for path in getattr(module, "__path__", ()))
    place = Path(file).parent
    return folder == (place.parent if Path(file).name == "__init__.py" else place)


def _code(path: Path, source: bytes) -> str:
    """The SHA-256 of the file, or of all files where it imports others from its folder."""
    own = hashlib.sha256(source).hexdigest()
    files = {
        Path(file)
        for name in _neighbours
        if (file := getattr(sys.modules.get(name), "__file__", None)) is not None
    }
    if not files:
        return own
    others = (
        f"{file.relative_to(path.parent)} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in sorted(files)
    )
    return hashlib.sha256("\n".join([own, *others]).encode()).hexdigest()
