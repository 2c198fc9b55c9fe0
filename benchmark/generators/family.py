"""What an architecture must define so that the suite can save, load and train it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.tensors import load_tensors
from benchmark.generators.base import Generator


class Family(Generator):
    """A generator of one architecture in many sizes, each rebuilt from `architecture()`.

    family: the name of the architecture in a file's header. published_key: an entry that only this
    family's published state dicts have. published_files: what a published folder of it holds, where
    there are such folders. n_classes: how many classes its training images have, 0 without classes.
    """

    family: ClassVar[str]
    published_key: ClassVar[str]
    published_files: ClassVar[tuple[str, ...]] = ()
    n_classes: int = 0

    def architecture(self) -> dict[str, object]:
        """The constructor arguments of this generator."""
        raise NotImplementedError(f"{type(self).__name__} does not say what makes one of its size")

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], source: str) -> Self:
        """A generator of the size that a published `state` shows, loaded strictly.

        `source` names the file in the BenchError that a foreign state raises.
        """
        raise NotImplementedError(f"{cls.__name__} does not read what others publish")

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """The generator in a published folder; raises BenchError naming the file at fault."""
        raise NotImplementedError(f"{cls.__name__} is not published in folders")


@contextmanager
def read_as(what: str) -> Iterator[None]:
    """Reads a state that others published; raises BenchError, `what` it is not and why in one line,
    where an entry is missing, left over, of another shape, or no tensor at all."""
    try:
        yield
    except (KeyError, IndexError, ValueError, AttributeError, RuntimeError, TypeError) as error:
        raise BenchError(f"{what}: {' '.join(str(error).split())}") from error


def read_state_dict(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The entries of a state dict on disk whose names begin with `prefix`; runs nothing in it."""
    try:
        content: Any = load_tensors(path)
    except BenchError as error:
        raise BenchError(f"{path} is not a readable state dict: {error}") from error
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        found = type(content).__name__
        raise BenchError(f"{path} is not a readable state dict: it holds a value of type {found}")
    return {name: value for name, value in content.items() if name.startswith(prefix)}
