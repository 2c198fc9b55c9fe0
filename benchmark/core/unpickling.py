"""Pickles of others, read as data: no name in one is ever imported, and nothing of it runs.

A pickle names what it wants to be called. Each name that numbers, text and numpy's arrays need is
answered by a stand-in of this file, which only keeps what it is given; any other name ends the
reading. Whoever reads a layout that needs more names hands in stand-ins for exactly these. The same
stand-ins serve torch's own restricted reader.
"""

import io
import pickle
import re
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, BinaryIO, NoReturn

import numpy as np

from benchmark.core.errors import BenchError

TYPE = re.compile(r"[?bhiufc]\d{0,2}|[SU]\d{1,6}|O\d?|b1")  # of numbers, text and objects


class Kept:
    """Base of stand-ins that keep what they are given."""

    def value(self, _plain: Callable[[Any], Any]) -> Any:
        """What comes in its place when all is read; plain: how what it holds is read.

        Itself unless it says otherwise. Raises ValueError for nonsense.
        """
        return self

    def __setstate__(self, state: Any) -> None:
        raise ValueError("attributes for what takes none")


class Sealed(type):
    """Of stand-ins that a pickle may only have as classes; it cannot change them."""

    def __setattr__(cls, name: str, value: Any) -> NoReturn:
        raise TypeError(f"{cls.__name__} is not to be changed")


class Entries(dict[Any, Any], metaclass=Sealed):
    """Stands for mappings of other classes than dict, which pickles make in a way of their own."""

    __slots__ = ()


class Kind:
    """Stands for `numpy.dtype`."""

    def __init__(self, *arguments: Any) -> None:
        self.name, self.order = str(arguments[0]), "="

    def __setstate__(self, state: Any) -> None:
        self.order = str(state[1])

    def dtype(self) -> np.dtype[Any]:
        """Raises ValueError for types that are neither numbers, text nor objects."""
        if not TYPE.fullmatch(self.name):
            raise ValueError(f"values of type {self.name!r}")
        kind = np.dtype(self.name)
        return kind.newbyteorder(">") if self.order == ">" else kind


class Array(Kept):
    """Stands for `numpy.ndarray`; its state comes after it is made."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def value(self, plain: Callable[[Any], Any]) -> Any:
        """The array; one of Python objects as a list, or as its only object."""
        _version, shape, kind, by_column, content = self.state
        dtype = kind.dtype()
        if dtype.kind == "O":
            if len(content) != prod(shape):
                raise ValueError("an array of another size than it says")
            return plain(content)[0] if shape == () else plain(content)
        return _array(content, dtype, shape, "F" if by_column else "C")


class Buffer(Kept):
    """Stands for `numpy.core.numeric._frombuffer`, and for a scalar of numpy."""

    def __init__(self, content: Any, kind: Kind, shape: Any, order: str) -> None:
        self.content, self.kind, self.shape, self.order = content, kind, shape, order

    def value(self, _plain: Callable[[Any], Any]) -> Any:
        return _array(self.content, self.kind.dtype(), self.shape, self.order)


def reconstruct(*_arguments: Any) -> Array:
    return Array()


def scalar(kind: Kind, content: Any) -> Buffer:
    return Buffer(content, kind, (), "C")


def encode(text: str, encoding: str) -> bytes:
    """Bytes, as pickles of protocol 2 write them."""
    if encoding != "latin1":
        raise ValueError(f"text in {encoding}")
    return text.encode(encoding)


NUMPY: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": Array,
    "numpy.dtype": Kind,
    **{
        f"numpy.{core}.{name}": stand_in
        for core in ("core", "_core")  # before numpy 2, and since
        for name, stand_in in (
            ("multiarray._reconstruct", reconstruct),
            ("multiarray.scalar", scalar),
            ("numeric._frombuffer", Buffer),
        )
    },
}
NAMES: dict[str, Callable[..., Any]] = {
    **NUMPY,
    "_codecs.encode": encode,
    "collections.OrderedDict": dict,
}


class Called:
    """A stand-in as a pickle sees it, made anew for each reading, so that none can change it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)


class Refused(BenchError):
    """A pickle asks for a name that is not on the list."""

    def __init__(self, name: str) -> None:
        shown = name if name.isprintable() and len(name) < 80 else "a strange name"
        super().__init__(f"it asks for {shown}, which could run code")
        self.name = name


class Restricted(pickle._Unpickler):
    """Reads what `names` can answer. Raises Refused for any other name.

    It is the one in Python: the one in C makes room for every number up to the largest by which a
    file calls its parts, and a damaged file can thus ask for more memory than there is.
    """

    def __init__(self, stream: BinaryIO, names: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(stream, encoding="latin1")
        self.names = names

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        wanted = f"{module}.{name}"
        if wanted not in self.names:
            raise Refused(wanted)
        stand_in = self.names[wanted]
        return stand_in if isinstance(stand_in, Sealed) else Called(stand_in)

    def persistent_load(self, _key: Any) -> NoReturn:
        raise BenchError("it refers to something outside itself")


def unpickled(
    content: bytes | BinaryIO, fault: str, names: Mapping[str, Callable[..., Any]] = NAMES
) -> Any:
    """What a pickle holds: mappings, lists, numbers, text, numpy's arrays and what the stand-ins of
    `names` keep.

    Raises BenchError, `fault` and the reason in one line, for whatever else it holds or asks for;
    its cause is a Refused where that is a name.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        return plain(Restricted(stream, names).load())
    except BenchError as error:
        raise BenchError(f"{fault}: it is a pickle that is not opened, as {error}") from error
    except Exception as error:  # a damaged stream raises nearly anything
        raise BenchError(f"{fault}: it is a damaged pickle, or one of other objects") from error


def plain(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """The value with arrays in place of their stand-ins, at any depth."""
    seen = {} if seen is None else seen  # a pickle may hold one thing many times
    if id(value) in seen:
        return seen[id(value)]
    found: Any = value
    if isinstance(value, dict):
        found = seen[id(value)] = {}
        found.update({key: plain(one, seen) for key, one in value.items()})
    elif isinstance(value, list | tuple):
        found = [plain(one, seen) for one in value]
    elif isinstance(value, Called | Kind | type):
        raise ValueError("a name in place of a value")
    elif isinstance(value, Kept):
        found = value.value(lambda content: plain(content, seen))
    seen[id(value)] = found
    return found


def _array(content: Any, dtype: np.dtype[Any], shape: Any, order: Any) -> np.ndarray:
    """An array of numbers or text. Raises ValueError where the bytes do not fit it."""
    held = content.encode("latin1") if isinstance(content, str) else bytes(content)
    if dtype.kind == "O" or order not in ("C", "F"):
        raise ValueError("an array of objects, or in no order")
    return np.frombuffer(held, dtype).reshape(shape, order=order).copy()
