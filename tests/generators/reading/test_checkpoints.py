"""Checkpoints of rosinality and genforce: every weight finds its place, and images follow."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.families.proggan import ProgGAN, ScaledBias
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.stored import load_weights, read_generator
from tests.generators.reading.small_stylegan2 import (
    as_genforce,
    as_rosinality,
    check_same,
    saved,
    small_stylegan2,
)
from tests.generators.small import images

SMALL = small_stylegan2()
MEAN = SMALL.state_dict()["mapping.w_avg"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "550000.pt"


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_converted_checkpoint_of_rosinality(file: Path, as_zip: bool) -> None:
    content = {"g_ema": as_rosinality(SMALL), "latent_avg": MEAN}
    torch.save(content, file, _use_new_zipfile_serialization=as_zip)
    loaded, found = read_generator(file)
    check_same(loaded, SMALL)
    assert torch.equal(images(loaded), images(SMALL))
    assert "rosinality" in found.layout
    assert not found.notes


def test_a_training_checkpoint_of_rosinality_has_its_mean_measured(file: Path) -> None:
    other = {name: value + 1.0 for name, value in as_rosinality(SMALL).items()}
    args = argparse.Namespace(size=16, path="faces", n_mlp=2, arch="stylegan2")
    content = {"g": other, "d": {}, "g_ema": as_rosinality(SMALL), "args": args, "ada_aug_p": 0.0}
    loaded, found = read_generator(saved(content, file))
    assert isinstance(loaded, StyleGAN2)
    assert torch.equal(loaded.synthesis.b8.conv0.weight, SMALL.synthesis.b8.conv0.weight)  # type: ignore[union-attr]
    w = torch.randn(10_000, 4, generator=stream("z for the mean of w")).double().numpy()
    w /= np.sqrt((w**2).mean(axis=1, keepdims=True) + 1e-8)
    for i in range(2):
        weight, bias = (
            SMALL.state_dict()[f"mapping.fc{i}.{part}"].double().numpy()
            for part in ("weight", "bias")
        )
        w = w @ weight.T * 0.01 / np.sqrt(4) + 0.01 * bias
        w = np.where(w > 0, w, 0.2 * w) * np.sqrt(2)
    np.testing.assert_allclose(loaded.w_avg.numpy(), w.mean(axis=0), atol=1e-6)
    assert "no mean of w" in found.notes[0]


def test_a_state_dict_by_itself_and_without_noise(file: Path) -> None:
    content = {k: v for k, v in as_rosinality(SMALL).items() if not k.startswith("noises.")}
    loaded, found = read_generator(saved(content, file))
    again = load_weights(file)
    check_same(again, loaded)  # what is drawn is always the same
    noise = loaded.state_dict()["synthesis.b16.conv1.noise_const"]
    assert noise.shape == (16, 16)
    assert 0.8 < noise.std() < 1.2
    assert "no constant noise" in found.notes[0]


@pytest.mark.parametrize("n_classes", [0, 3])
def test_a_stylegan2_of_genforce(file: Path, n_classes: int) -> None:
    generator = small_stylegan2(n_classes)
    content = {"generator": {}, "discriminator": {}, "generator_smooth": as_genforce(generator)}
    loaded, found = read_generator(saved(content, file))
    check_same(loaded, generator)
    assert "genforce" in found.layout


def as_genforce_proggan(generator: ProgGAN) -> dict[str, Tensor]:
    """Three sizes of images, and what was the output of the smaller ones."""
    state = generator.state_dict()
    found = {"lod": torch.zeros(())}
    for i in range(2 * len(generator.channels)):
        found[f"layer{i}.weight"] = state[f"features.{i}.conv.weight"]
        found[f"layer{i}.bias"] = state[f"features.{i}.wscale.b"]
    for i, width in enumerate(generator.channels):
        found[f"output{i}.weight"] = torch.ones(3, width, 1, 1)
        found[f"output{i}.bias"] = torch.ones(3)
    found[f"output{i}.weight"] = state["output.conv.weight"]
    found[f"output{i}.bias"] = state["output.wscale.b"]
    return found


def small_proggan() -> ProgGAN:
    torch.manual_seed(0)
    generator = ProgGAN(10, (8, 8, 6, 4), 3)
    with torch.no_grad():
        for name, value in generator.named_parameters():
            if name.endswith(".b"):
                value.normal_()
        first = generator.layers[0].wscale
        assert isinstance(first, ScaledBias)
        first.scale.fill_((2 / (16 * 10)) ** 0.5)  # there its kernel counts as any other
    return generator.eval()


def test_a_proggan_of_genforce(file: Path) -> None:
    generator = small_proggan()
    loaded = load_weights(saved({"generator_smooth": as_genforce_proggan(generator)}, file))
    assert isinstance(loaded, ProgGAN)
    torch.testing.assert_close(images(loaded), images(generator), rtol=1e-5, atol=1e-6)
    assert torch.equal(loaded.layers[3].conv.weight, generator.layers[3].conv.weight)


# What is refused.


def without(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key != name}


ROS, GEN = as_rosinality(SMALL), as_genforce(SMALL)
PROG = as_genforce_proggan(small_proggan())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"g": ROS, "d": {}}, "holds no generator 'g_ema'; it holds g, d"),
        ({"g_ema": without(ROS, "convs.2.conv.weight")}, "it has no convs.2.conv.weight"),
        ({"g_ema": {**ROS, "convs.9.bias": MEAN}}, "it has convs.9.bias, which it should not"),
        ({"g_ema": {**ROS, "to_rgbs.0.upsample.kernel": torch.ones(4, 4)}}, "another filter"),
        ({"g_ema": {**ROS, "input.input": "text"}}, "is no StyleGAN2 of rosinality"),
        ({"g_ema": {**ROS, "conv1.noise.weight": MEAN}}, "is not a StyleGAN2 generator"),
        ({"g_ema": ROS, "latent_avg": torch.ones(5)}, "is not a StyleGAN2 generator"),
        ({"d": {"convs.0.0.weight": MEAN}}, "state dict of no known generator; it holds d"),
        ({"generator": GEN, "discriminator": {}}, "no 'generator_smooth'; it holds generator, dis"),
        ({"generator_smooth": {**GEN, "synthesis.lod": MEAN}}, "holds a StyleGAN, the first"),
        ({"generator_smooth": without(GEN, "synthesis.layer1.bias")}, "no synthesis.layer1.bias"),
        ({"generator_smooth": {**GEN, "mapping.label_weight": MEAN}}, "it has mapping.label_wei"),
        ({"generator_smooth": {**PROG, "lod": torch.tensor(2.5)}}, "before its images had grown"),
        ({"generator_smooth": {"x": MEAN}}, "holds no generator that is known; it holds x"),
        ({"eigvec": torch.eye(3), "ckpt": "x"}, "no known generator; it holds eigvec, ckpt"),
        (torch.eye(3), "it holds a value of type Tensor"),
    ],
)
def test_another_checkpoint_is_told_in_one_line(file: Path, content: Any, reason: str) -> None:
    with pytest.raises(BenchError, match=reason) as caught:
        load_weights(saved(content, file))
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)


class Calls:
    def __init__(self, what: Callable[..., Any], *arguments: Any) -> None:
        self.what, self.arguments = what, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.what, self.arguments


def test_a_checkpoint_may_hold_the_arguments_of_its_training_and_nothing_else(file: Path) -> None:
    before = {*torch.serialization.get_safe_globals()}
    mark = file.with_name("mark")
    for args in (argparse.Namespace(x=Calls(Path.mkdir, mark)), argparse.Action("x", "y"), Path()):
        saved({"g_ema": ROS, "latent_avg": MEAN, "args": args}, file)
        with pytest.raises(BenchError, match="more than plain tensors") as caught:
            load_weights(file)
        assert "\n" not in str(caught.value)
    assert not mark.exists()
    assert {*torch.serialization.get_safe_globals()} == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_checkpoint_cut_short(file: Path, share: float) -> None:
    content = saved({"g_ema": ROS, "latent_avg": MEAN}, file).read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BenchError, match=r"damaged or cut short|it is empty"):
        load_weights(file)


def test_a_state_dict_without_a_layout_says_whose_it_is(file: Path) -> None:
    _, found = read_generator(saved(small_proggan().state_dict(), file))
    assert "ptrblck" in found.layout
    assert "NVIDIA" in found.licence
