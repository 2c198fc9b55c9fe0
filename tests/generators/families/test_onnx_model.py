"""A generator in ONNX: its images are those of the network that was written, in every layout."""

import copy
import sys
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.errors import BenchError, Unserved
from benchmark.core.seeds import stream
from benchmark.generators.asking.contract import GRADIENT, check
from benchmark.generators.base import Latents
from benchmark.generators.families.onnx_model import ONNXModel
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import weights_hash
from benchmark.methods.imported import imported
from benchmark.rca.protocol import Protocol
from tests.command_line import bench, done

D, SIDE, CLASSES = 6, 16, 5
WEIGHT = torch.randn(D, SIDE * SIDE, generator=stream("weight")).numpy()
EMBEDDING = torch.randn(CLASSES, D, generator=stream("embedding")).numpy()

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    onnx = None

with_onnx = pytest.mark.skipif(onnx is None, reason="the extra `onnx` is not installed")


@pytest.fixture(autouse=True)
def _extra(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("skipif"):
        pytest.importorskip("onnxruntime")


def written(
    path: Path,
    batch: int | str = "n",
    column: bool = False,
    classes: str = "",
    image: Sequence[int] = (1, SIDE, SIDE),
    open_batch: bool = True,
    kind: str = "FLOAT",
    extra: str = "",
    external: bool = False,
    white: float = 0.0,
    features: bool = False,
) -> Path:
    """images = tanh((z + E[class]) W), written as ONNX in one of many layouts.

    white: above 0, images are those of sigmoid times this.
    """
    precise = getattr(TensorProto, kind)
    numbers = {"FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16}[kind]
    inputs = [("z", precise, [batch, D, 1, 1] if column else [batch, D])]
    nodes = [helper.make_node("Reshape", ["z", "flat"], ["point"])]
    constants: dict[str, Any] = {
        "flat": np.array([-1, D]),
        "W": WEIGHT[:, : prod(image)].astype(numbers),
        "E": EMBEDDING.astype(numbers),
        "shape": np.array([-1 if open_batch else 1, *image]),
        "one": np.array([-1]),
        "white": np.array(white or 1.0, numbers),
    }
    if classes == "one_hot":
        inputs.append(("labels", precise, [batch, CLASSES]))
        nodes.append(helper.make_node("MatMul", ["labels", "E"], ["of_class"]))
    elif classes:
        whole = TensorProto.INT32 if classes == "int32" else TensorProto.INT64
        inputs.append(("y", whole, [batch, 1] if classes == "column" else [batch]))
        nodes.append(helper.make_node("Reshape", ["y", "one"], ["row"]))
        nodes.append(helper.make_node("Gather", ["E", "row"], ["of_class"]))
    moved = "point"
    if classes:
        nodes.append(helper.make_node("Add", ["point", "of_class"], ["moved"]))
        moved = "moved"
    nodes += [
        helper.make_node("MatMul", [moved, "W"], ["sum"]),
        helper.make_node("Sigmoid" if white else "Tanh", ["sum"], ["grey"]),
        helper.make_node("Mul", ["grey", "white"], ["pixels"]),
        helper.make_node("Reshape", ["pixels", "shape"], ["image"]),
    ]
    if extra:
        inputs.append((extra, precise, [batch, 3]))
    graph = helper.make_graph(
        nodes,
        "G",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [
            *([helper.make_tensor_value_info("sum", precise, [batch, prod(image)])] * features),
            helper.make_tensor_value_info("image", precise, [batch, *image]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    more = {"location": f"{path.name}.data", "size_threshold": 1000} if external else {}
    onnx.save_model(model, str(path), save_as_external_data=external, **more)
    return path


def expected(z: torch.Tensor, labels: torch.Tensor | None = None) -> np.ndarray:
    """The images (n, 1, SIDE, SIDE) in float64."""
    point = z.double().numpy()
    if labels is not None:
        point = point + EMBEDDING.astype(np.float64)[labels.numpy()]
    return np.tanh(point @ WEIGHT.astype(np.float64)).reshape(-1, 1, SIDE, SIDE)


@with_onnx
@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"batch": 1},
        {"batch": 4},
        {"batch": 16},
        {"open_batch": False},  # as exporters leave it that traced len(z) as a number
        {"column": True},
        {"image": (SIDE * SIDE,)},
        {"image": (SIDE, SIDE)},
        {"image": (SIDE, SIDE, 1)},
        {"kind": "DOUBLE"},
        {"external": True},
        {"features": True},  # an output before the images that could be a flat square
    ],
)
@pytest.mark.parametrize("n", [1, 7])
def test_images_are_those_of_the_network(tmp_path: Path, layout: dict[str, Any], n: int) -> None:
    generator = ONNXModel(written(tmp_path / "G.onnx", **layout))
    assert (generator.latent_dim, generator.image_shape) == (D, (1, SIDE, SIDE))
    latents = generator.sample(n, stream("z"))
    images = generator(latents)
    assert images.dtype == torch.float32
    np.testing.assert_allclose(images, expected(latents.point), atol=1e-5)


@with_onnx
def test_half_precision_is_taken_as_it_is(tmp_path: Path) -> None:
    generator = ONNXModel(written(tmp_path / "G.onnx", kind="FLOAT16"))
    latents = generator.sample(7, stream("z"))
    np.testing.assert_allclose(generator(latents), expected(latents.point), atol=0.02)


@with_onnx
@pytest.mark.parametrize("image", [(3, 9, 9), (9, 9, 3), (4, 8, 8), (10, 5, 5)])
def test_channels_may_come_first_or_last(tmp_path: Path, image: tuple[int, ...]) -> None:
    generator = ONNXModel(written(tmp_path / "G.onnx", image=image))
    z = torch.randn(5, D, generator=stream("z"))
    pixels = np.tanh(z.double().numpy() @ WEIGHT[:, : prod(image)].astype(np.float64))
    images = pixels.reshape(5, *image)
    if image[-1] == 3:
        images = images.transpose(0, 3, 1, 2)
    assert generator.image_shape == images.shape[1:]
    np.testing.assert_allclose(generator(Latents(z)), images, atol=1e-5)


@with_onnx
@pytest.mark.parametrize("classes", ["int64", "int32", "column", "one_hot"])
@pytest.mark.parametrize("batch", ["n", 4])
def test_classes_reach_the_network(tmp_path: Path, classes: str, batch: int | str) -> None:
    path = written(tmp_path / "G.onnx", classes=classes, batch=batch)
    known = classes == "one_hot"  # how many there are stands in the file
    reference = str(path) if known else f"{path}?n_classes={CLASSES}"
    generator = find_generator(reference)[1].load()
    latents = generator.sample(9, stream("z"))
    assert latents.labels is not None
    assert len(latents.labels.unique()) > 1
    np.testing.assert_allclose(
        generator(latents), expected(latents.point, latents.labels), atol=1e-5
    )
    assert check(generator).fault(learns=False) == ""


@with_onnx
def test_the_prior_and_the_range_of_pixels_are_options(tmp_path: Path) -> None:
    path = written(tmp_path / "G.onnx")
    name, entry = find_generator(f"{path}?prior=uniform:-1:1&low=-3&high=1")
    generator = entry.load()
    assert name == "G"
    latents = generator.sample(40, stream("z"))
    by_hand = 2 * torch.rand(40, D, generator=stream("z")) - 1
    assert torch.equal(latents.point, by_hand)
    images = (expected(by_hand) + 3.0) / 2.0 - 1.0
    np.testing.assert_allclose(generator(latents), images, atol=1e-5)


@with_onnx
@pytest.mark.parametrize(
    ("white", "words"),
    [(1.0, "[0, 1], say ?low=0&high=1 (ONNXModel"), (255.0, "as ?low=0&high=255 does")],
)
def test_another_range_of_pixels_is_told_as_options(
    tmp_path: Path, white: float, words: str
) -> None:
    path = written(tmp_path / "G.onnx", white=white)
    assert words in " ".join(point.words for point in check(ONNXModel(path)).points)
    told = find_generator(f"{path}?low=0&high={white}")[1].load()
    assert {point.state for point in check(told).points} == {"ok", "limit"}
    latents = told.sample(3, stream("z"))
    logits = latents.point.double().numpy() @ WEIGHT.astype(np.float64)
    images = 2.0 / (1.0 + np.exp(-logits)) - 1.0
    np.testing.assert_allclose(told(latents), images.reshape(3, 1, SIDE, SIDE), atol=1e-5)


@with_onnx
def test_it_keeps_the_contract_but_for_the_gradient(tmp_path: Path) -> None:
    contract = check(find_generator(str(written(tmp_path / "G.onnx")))[1].load())
    states = {point.what: point.state for point in contract.points}
    assert states.pop(GRADIENT) == "limit"
    assert set(states.values()) == {"ok"}
    assert contract.fault(learns=False) == ""
    assert "a network in ONNX gives no gradient" in contract.fault(learns=True)
    assert "limit a gradient" in done("check", tmp_path / "G.onnx")  # which is no failure


@with_onnx
def test_nothing_in_it_can_be_looked_at(tmp_path: Path) -> None:
    generator = ONNXModel(written(tmp_path / "G.onnx"))
    with pytest.raises(Unserved, match="so a closed form in its z is impossible"):
        generator.first_layer()
    with pytest.raises(Unserved, match="shows none of its features"):
        generator.feature_layers()
    point = torch.zeros(2, D, requires_grad=True)
    with pytest.raises(Unserved, match="gives no gradient"):
        generator(Latents(point))
    with torch.no_grad():
        assert generator(Latents(point)).shape == (2, 1, SIDE, SIDE)


@with_onnx
def test_copies_share_the_session_and_the_file_is_the_identity(tmp_path: Path) -> None:
    generator = ONNXModel(written(tmp_path / "G.onnx"))
    copied = copy.deepcopy(generator)
    assert copied.network is generator.network
    z = Latents(torch.ones(1, D))
    assert torch.equal(copied(z), generator(z))
    other = ONNXModel(written(tmp_path / "other.onnx", batch=4))
    again = ONNXModel(written(tmp_path / "again.onnx"))
    assert weights_hash(other) != weights_hash(generator) == weights_hash(again)


@with_onnx
def test_weights_beside_the_file_are_part_of_its_identity(tmp_path: Path) -> None:
    path = written(tmp_path / "G.onnx", external=True)
    before = weights_hash(ONNXModel(path))
    beside = tmp_path / "G.onnx.data"
    content = bytearray(beside.read_bytes())
    content[100] ^= 1
    beside.write_bytes(content)
    assert weights_hash(ONNXModel(path)) != before
    beside.unlink()
    with pytest.raises(BenchError, match=r"opened as ONNX: .*G\.onnx\.data"):
        ONNXModel(path)


@with_onnx
def test_a_run_skips_what_it_cannot_serve_and_measures_the_others(tmp_path: Path) -> None:
    path = written(tmp_path / "G.onnx", classes="int64")
    names = ("random", "discovered", "sefa", "ganspace", "warped", "latentclr")
    chosen = [part for name in names for part in ("-m", name)]
    few = [part for one in ("k=3", "steps=2", "evaluation=40") for part in ("--set", one)]
    run = tmp_path / "run"
    reference = f"{path}?n_classes={CLASSES}"
    output = done("run", "-g", reference, *chosen, *few, "--jobs", 1, "--out", run)
    assert output.count("skipped: ") == 5
    assert "a closed form in its z is impossible" in output
    found = next((run / "cells" / "G" / "random").glob("*/directions.safetensors"))
    theirs = imported(found).value()
    theirs.check(find_generator(reference)[1].load(), Protocol(k=3))  # and imported directions
    assert (run / "strips" / "G-random.webp").exists()
    alone = bench("run", "-g", reference, "-m", "discovered", *few, "--out", tmp_path / "none")
    assert alone.exit_code == 2
    assert "no cell can be computed: a network in ONNX gives no gradient" in alone.output


@with_onnx
@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ({"extra": "noise"}, "'noise' (n, 3) tensor(float); it can have z and classes, and no mo"),
        ({"image": (64, 2, 2)}, ""),  # sizes are the contract's
        ({"image": (2, SIDE, 2, 4)}, "gives (1, 2, 16, 2, 4) for z of (1, 6), and none of them "),
        ({"image": (1, 256), "batch": 8}, ""),
    ],
)
def test_another_network_is_one_line(tmp_path: Path, layout: dict[str, Any], words: str) -> None:
    path = written(tmp_path / "G.onnx", **layout)
    if not words:
        assert check(ONNXModel(path)).fault(learns=False)
        return
    with pytest.raises(BenchError) as error:
        ONNXModel(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@with_onnx
@pytest.mark.parametrize(
    ("classes", "query", "words"),
    [
        ("", "n_classes=10", "the network has no input of classes; leave n_classes out"),
        ("one_hot", "n_classes=10", "n_classes must be 5, not 10"),
        ("int64", "n_classes=-1", "n_classes must be above 0, not -1"),
        ("", "prior=uniform", "a prior is normal, uniform:-1:1 or truncated:2, not 'uniform'"),
        ("", "low=1", "low must be below high, not 1.0 and 1.0"),
        ("", "lo=1", "unknown option of ONNXModel 'lo'; did you mean low"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, classes: str, query: str, words: str) -> None:
    path = written(tmp_path / "G.onnx", classes=classes)
    with pytest.raises(BenchError) as error:
        find_generator(f"{path}?{query}")[1].load()
    assert words in str(error.value)


@with_onnx
def test_the_number_of_classes_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "G.onnx", classes="int64")
    fault = check(ONNXModel(path)).fault(learns=False)
    assert f"say how many there are, as in '{path}?n_classes=10'" in fault
    generator = find_generator(f"{path}?n_classes=6")[1].load()  # it knows 5
    assert check(generator).fault(learns=False)


@with_onnx
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"junk", "cannot be opened as ONNX: it is damaged or cut short, or no network"),
        (b"", "cannot be read: it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS in place of the"),
    ],
)
def test_a_file_that_is_something_else_is_one_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "G.onnx"
    path.write_bytes(content)
    with pytest.raises(BenchError) as error:
        ONNXModel(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@with_onnx
def test_a_network_that_is_cut_short(tmp_path: Path) -> None:
    path = written(tmp_path / "G.onnx")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(BenchError, match="damaged or cut short, or no network"):
        ONNXModel(path)


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = tmp_path / "G.onnx"
    path.write_bytes(b"\x08\x08")
    result = bench("check", path)
    assert result.exit_code == 2
    assert "pip install 'latent-direction-bench[onnx]' brings what opens it" in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["G.onnx", "G.pth", "G.safetensors"])
def test_a_file_that_is_not_there_is_called_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(BenchError, match=f"there is no file .*{name}"):
        find_generator(str(tmp_path / name))
