"""Pickles are read as data: what numpy writes comes back, and no name in one is ever called."""

import collections
import contextlib
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.errors import BenchError
from benchmark.core.unpickling import NAMES, unpickled
from benchmark.directions.artefact import Directions

DTYPES = ("<f4", ">f8", "<f2", "<i8", "|u1", "|b1", "<c16", "<U3", "|S2")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_numpy_pickles_comes_back(dtype: str, protocol: int) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    content = {
        "array": array,
        "fortran": np.asfortranarray(array),
        "strided": array[:, ::2],
        "scalar": array[1, 2],
        "same": array,
        "words": collections.OrderedDict(a=1, b=[2.5, "text", None, True, b"bytes", (3,)]),
    }
    found = unpickled(pickle.dumps(content, protocol), "it")
    for name in ("array", "fortran", "strided"):
        expected = content[name]
        assert isinstance(expected, np.ndarray)
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)
    assert found["scalar"] == content["scalar"]
    assert found["words"] == {"a": 1, "b": [2.5, "text", None, True, b"bytes", [3]]}


def test_names_of_numpy_before_version_2_are_known() -> None:
    now = pickle.dumps(np.arange(3.0), protocol=0)
    assert b"numpy._core" in now
    before = now.replace(b"numpy._core", b"numpy.core")
    np.testing.assert_array_equal(unpickled(before, "it"), np.arange(3.0))


class Calls:
    """Its pickle asks for a call when it is opened."""

    def __init__(self, what: Any, *arguments: Any) -> None:
        self.what, self.arguments = what, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.what, self.arguments


def test_no_name_outside_the_list_is_imported_or_called(tmp_path: Path) -> None:
    """With harmless names: a folder would be made, a length taken."""
    mark = tmp_path / "mark"
    for what, arguments in ((Path.mkdir, (mark,)), (len, ([],)), (collections.Counter, ())):
        for protocol in range(6):
            with pytest.raises(BenchError, match=r"^it: it is a pickle that is not opened"):
                unpickled(pickle.dumps({"x": Calls(what, *arguments)}, protocol), "it")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["numpy.load", "numpy.core.multiarray.fromfile", "builtins.dict"])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_name_is_allowed_as_a_whole_or_not_at_all(name: str, dotted: bool) -> None:
    """Also where a pickle of protocol 4 hides dots in the second part."""
    module, _, attribute = name.rpartition(".")
    if dotted:
        module, _, rest = name.partition(".")
        attribute = rest
    stream = b"\x80\x04" + b"".join(
        b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, attribute)
    )
    with pytest.raises(BenchError, match=f"asks for {name}, which could run code"):
        unpickled(stream + b"\x93.", "it")


def test_the_list_of_names_is_this_one() -> None:
    of_numpy = {
        f"numpy.{core}.{name}"
        for core in ("core", "_core")
        for name in ("multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer")
    }
    plain = {"numpy.ndarray", "numpy.dtype", "_codecs.encode", "collections.OrderedDict"}
    assert {*NAMES} == of_numpy | plain


def test_a_pickle_cannot_change_what_the_next_one_is_answered_with() -> None:
    """BUILD may set attributes of what a name gives; here of the stand-in of `numpy.dtype`."""
    change = b"\x80\x02cnumpy\ndtype\nN}X\x05\x00\x00\x00_makeNs\x86b."
    with pytest.raises(BenchError, match="damaged pickle, or one of other objects"):
        unpickled(change, "it")
    np.testing.assert_array_equal(unpickled(pickle.dumps(np.ones(2)), "it"), np.ones(2))


def test_what_a_file_says_outside_itself_is_refused() -> None:
    with pytest.raises(BenchError, match="it refers to something outside itself"):
        unpickled(b"\x80\x02X\x01\x00\x00\x00aQ.", "it")


def test_one_thing_many_times_is_read_once() -> None:
    content: Any = "x"
    for _ in range(60):  # 2 ** 60 when taken apart
        content = [content, content]
    found = unpickled(pickle.dumps(content), "it")
    assert found[0] is found[1]


def test_a_list_in_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(BenchError, match="a damaged pickle"):
        unpickled(pickle.dumps(endless), "it")


STATE = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R"


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(np.arange(4.0))[:-9],
        pickle.dumps(np.arange(4.0)).replace(b"f8", b"V8"),
        pickle.dumps(np.arange(4.0)).replace(b"f8", b"f4"),
        pickle.dumps(np.array([{}], dtype=object), 2).replace(b"K\x01\x85", b"K\x02\x85"),
        STATE + b"(K\x01K\x02tb.",
        b"\x80\x02.",
        b"",
    ],
)
def test_a_damaged_pickle_is_one_line(content: bytes) -> None:
    with pytest.raises(BenchError, match=r"^it: it is a (damaged )?pickle") as caught:
        unpickled(content, "it")
    assert "\n" not in str(caught.value)


WHOLE = pickle.dumps({"lat_comp": np.ones((1, 4)), "name": "x", "n": [1, 2.0]}, protocol=3)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_any_byte_may_be_another_one(place: int, byte: int, cut: bool) -> None:
    changed = bytearray(WHOLE)
    changed[place] = byte
    with contextlib.suppress(BenchError):
        unpickled(bytes(changed[: place + 1] if cut else changed), "it")


def test_numpy_in_a_file_of_torch_needs_no_more_names(tmp_path: Path) -> None:
    path, before = tmp_path / "own.pt", {*torch.serialization.get_safe_globals()}
    torch.save({"ckpt": "x", "eigvec": np.eye(3), "args": Calls(Path, "x")}, path)
    with pytest.raises(BenchError, match=r"more than plain tensors \(pathlib\."):
        Directions.load(path)
    torch.save({"ckpt": "x", "eigvec": np.eye(3)}, path)
    assert torch.equal(Directions.load(path).shift.tangents(None), torch.eye(3))  # type: ignore[arg-type]
    assert {*torch.serialization.get_safe_globals()} == before  # the names are known only meanwhile


def test_a_number_by_which_a_file_calls_its_parts_takes_no_room() -> None:
    """One is called 16,777,215; a reader that keeps room for all below it takes 268 MB."""
    tracemalloc.start()
    try:
        assert unpickled(b"\x80\x02}r\xff\xff\xff\x00.", "it") == {}
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
