"""NVIDIA's pickles: their weights come back to the last bit, and nothing in them is run."""

import collections
import contextlib
import io
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.core.errors import BenchError
from benchmark.core.unpickling import NAMES
from benchmark.generators.families.stylegan3 import StyleGAN3, Variant
from benchmark.generators.reading.nvidia import read_snapshot
from benchmark.generators.reading.persistent import PERSISTENT
from benchmark.generators.stored import load_weights, read_generator
from tests.generators.reading.small_stylegan2 import (
    MODULES,
    Persistent,
    check_same,
    persistent,
    pickled,
    small_stylegan2,
    snapshot,
)
from tests.generators.small import images

SMALL = small_stylegan2()


def write(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickled(content, protocol))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "network-snapshot-000100.pkl"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("n_classes", [0, 3])
def test_weights_come_back_to_the_last_bit(file: Path, protocol: int, n_classes: int) -> None:
    generator = small_stylegan2(n_classes)
    write(file, snapshot(persistent(generator.state_dict())), protocol)
    loaded = load_weights(file)
    check_same(loaded, generator)
    assert torch.equal(images(loaded), images(generator))
    assert not any(p.requires_grad for p in loaded.parameters())
    assert not {*MODULES} & sys.modules.keys()  # its own text would raise, if it were run


def test_the_average_is_taken_and_what_cuts_off_outputs_is_known(file: Path) -> None:
    generator = small_stylegan2(clamp=0.5)
    other = {name: torch.zeros_like(value) for name, value in generator.state_dict().items()}
    content = snapshot(persistent(generator.state_dict(), clamp=0.5))
    write(file, {**content, "G": persistent(other)})
    loaded, found = read_generator(file)
    assert loaded.architecture()["clamp"] == 0.5
    assert torch.equal(images(loaded), images(generator))
    assert not torch.equal(images(loaded), images(small_stylegan2()))
    assert "NVlabs" in found.layout
    assert "non-commercial" in found.licence


@pytest.mark.parametrize("variant", ["t", "r"])
def test_a_stylegan3_with_what_no_tensor_shows(file: Path, variant: Variant) -> None:
    torch.manual_seed(0)
    generator = StyleGAN3(
        16, 4, 4, channels=(6, 5, 4, 3), variant=variant, output_scale=0.5, clamp=0.3
    )
    filters = {name: value for name, value in generator.named_buffers() if "_filter" in name}
    module = persistent({**generator.state_dict(), **filters}, clamp=0.3)
    module.modules["synthesis"].attributes = {"output_scale": 0.5}
    loaded = load_weights(write(file, snapshot(module)))
    check_same(loaded, generator)
    assert torch.equal(images(loaded), images(generator.eval()))
    assert not torch.equal(images(loaded), images(StyleGAN3(16, 4, 4, channels=(6, 5, 4, 3))))


def test_weights_of_16_bits_are_read_and_told(file: Path) -> None:
    halves = {name: value.half() for name, value in SMALL.state_dict().items()}
    write(file, snapshot(persistent(halves)))
    loaded, found = read_generator(file)
    name = "synthesis.b8.conv0.weight"
    assert torch.equal(loaded.state_dict()[name], SMALL.state_dict()[name].half().float())
    count = len(halves)
    assert found.notes == (
        f"{count} of its {count + 5} tensors are of 16 bits; they are read as float32",
    )  # the filters are float32


# No name but those on the list.


class Calls:
    def __init__(self, what: Callable[..., Any], *arguments: Any) -> None:
        self.what, self.arguments = what, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.what, self.arguments


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_any_other_name_is_refused_before_it_is_called(file: Path, protocol: int) -> None:
    """With harmless names: a folder would be made, a length taken, a mapping counted."""
    mark = file.with_name("mark")
    for what, arguments, name in (
        (Path.mkdir, (mark,), "getattr|Path.mkdir"),
        (len, ([],), "len"),
        (collections.Counter, (), "collections.Counter"),
        (torch.nn.Linear, (3, 3), "torch.nn.modules.linear.Linear"),
        (torch.load, ("x",), "torch.serialization.load"),
    ):
        for place in ("G_ema", "augment_pipe"):
            content = {**snapshot(persistent(SMALL.state_dict())), place: Calls(what, *arguments)}
            write(file, content, protocol)
            with pytest.raises(BenchError, match=f"it asks for .*({name})") as caught:
                load_weights(file)
            assert "\n" not in str(caught.value)
    assert not mark.exists()


def test_the_list_of_names_is_this_one() -> None:
    assert PERSISTENT.keys() - NAMES.keys() == {
        "builtins.set",
        "__builtin__.set",
        "dnnlib.util.EasyDict",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor_v2",
        "torch.storage._load_from_bytes",
        "torch_utils.persistence._reconstruct_persistent_obj",
    }


def test_numbers_are_read_by_torchs_restricted_reader(file: Path) -> None:
    """The bytes of a storage are a file of torch, which could ask for calls in its turn."""
    mark = file.with_name("mark")
    inner = io.BytesIO()
    torch.save(Calls(Path.mkdir, mark), inner)
    for content in (inner.getvalue(), pickle.dumps(Calls(Path.mkdir, mark)), b""):
        module = persistent(SMALL.state_dict())
        module.modules["mapping"].buffers["w_avg"] = Calls(
            torch._utils._rebuild_tensor_v2,
            Calls(torch.storage._load_from_bytes, content),
            *(0, (4,), (1,), False, collections.OrderedDict()),
        )
        write(file, snapshot(module))
        with pytest.raises(BenchError, match="cannot be read: its G_ema is damaged"):
            load_weights(file)
    assert not mark.exists()


def test_a_stand_in_takes_no_attributes(file: Path) -> None:
    """BUILD would set any on what a name has given, and on the class of a mapping."""
    for change in (
        b"cdnnlib.util\nEasyDict\nN}X\x05\x00\x00\x00itemsNs\x86b.",
        b"cdnnlib.util\nEasyDict\n}X\x05\x00\x00\x00itemsNsb.",
        b"ctorch.storage\n_load_from_bytes\nN\x85R}X\x07\x00\x00\x00contentNsb.",
    ):
        file.write_bytes(b"\x80\x02" + change)
        with pytest.raises(BenchError, match="a damaged pickle, or one of other objects"):
            load_weights(file)


# Other pickles.


def test_networks_of_tensorflow_are_told_what_they_are(file: Path) -> None:
    for name in (b"dnnlib.tflib.network\nNetwork", b"tfutil\nNetwork"):
        file.write_bytes(b"\x80\x03c" + name + b"\n)\x81}b.")
        with pytest.raises(BenchError, match="holds networks of TensorFlow"):
            load_weights(file)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"D": Persistent("Discriminator")}, "holds no generator 'G_ema'; it holds D"),
        ({"G": Persistent("Generator"), "G_ema": None}, "it holds G, G_ema"),
        ({"lat_comp": np.ones((1, 4))}, "it holds lat_comp"),
        ({}, "it holds nothing"),
        ([1, 2], "it holds a value of type list"),
        (snapshot(Persistent("TriPlaneGenerator")), "holds a TriPlaneGenerator, which is no gen"),
        (snapshot(Persistent("Discri\nminator")), "holds a Discri minator, which"),
    ],
)
def test_a_pickle_of_something_else(file: Path, content: Any, reason: str) -> None:
    with pytest.raises(BenchError, match=reason) as caught:
        load_weights(write(file, content))
    assert "\n" not in str(caught.value)


def test_what_the_family_cannot_do_is_refused(file: Path) -> None:
    for attribute, value in (("bias_gain", 0.1), ("activation", "relu")):
        module = persistent(SMALL.state_dict())
        module.modules["mapping"].modules["fc1"].attributes[attribute] = value
        write(file, snapshot(module))
        with pytest.raises(BenchError, match=f"a mapping network of .*{value}"):
            load_weights(file)
    module = persistent(SMALL.state_dict(), clamp=256)
    module.modules["mapping"].attributes["conv_clamp"] = 255
    write(file, snapshot(module))
    with pytest.raises(BenchError, match="at more than one value"):
        load_weights(file)
    module = persistent(SMALL.state_dict())
    module.modules["synthesis"].modules["b8"].modules["conv0"].buffers["resample_filter"] /= 2
    write(file, snapshot(module))
    with pytest.raises(BenchError, match="another filter"):
        load_weights(file)


def test_a_tensor_of_another_size_or_a_module_in_two_places(file: Path) -> None:
    for shape, steps in (((10**9,), (0,)), ((5,), (1,)), ((2, 2), (9, 1)), ((-4,), (1,))):
        module = persistent(SMALL.state_dict())
        whole = io.BytesIO()
        storage = torch.ones(4).untyped_storage()
        typed = torch.storage.TypedStorage(
            wrap_storage=storage, dtype=torch.float32, _internal=True
        )
        torch.save(typed, whole, _use_new_zipfile_serialization=False)
        numbers = Calls(torch.storage._load_from_bytes, whole.getvalue())
        module.modules["mapping"].buffers["w_avg"] = Calls(
            torch._utils._rebuild_tensor_v2, numbers, 0, shape, steps, False, {}
        )
        write(file, snapshot(module))
        with pytest.raises(BenchError, match="its G_ema is damaged"):
            load_weights(file)
    module = persistent(SMALL.state_dict())
    module.modules["twin"] = module.modules["mapping"]
    write(file, snapshot(module))
    with pytest.raises(BenchError, match="its G_ema is damaged"):
        load_weights(file)


WHOLE = pickled(snapshot(persistent({"synthesis.b4.const": torch.ones(2)})))


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.999])
def test_a_pickle_cut_short(file: Path, share: float) -> None:
    content = pickled(snapshot(persistent(SMALL.state_dict())))
    file.write_bytes(content[: max(3, int(share * len(content)))])
    with pytest.raises(BenchError, match="it is a damaged pickle") as caught:
        load_weights(file)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_any_byte_may_be_another_one(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: bool
) -> None:
    changed = bytearray(WHOLE)
    changed[place] = byte
    path = tmp_path_factory.getbasetemp() / "changed.pkl"
    path.write_bytes(bytes(changed[: place + 1] if cut else changed))
    with contextlib.suppress(BenchError):
        read_snapshot(path)
