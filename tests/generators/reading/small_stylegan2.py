"""A small StyleGAN2 whose every weight matters, and the files in which others would have it."""

import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.generators.families.stylegan2 import StyleGAN2

FILTER = torch.tensor([1.0, 3.0, 3.0, 1.0])
BUFFERS = {"w_avg", "noise_const", "transform", "freqs", "phases", "magnitude_ema"}
MODULES = ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")


def small_stylegan2(n_classes: int = 0, clamp: float | None = None) -> StyleGAN2:
    """16 pixels, in three sizes of 16, 4 and 4 channels: their scales are whole numbers, and the
    weights multiples of 1/1024, so that no file loses any of them to rounding."""
    torch.manual_seed(0)
    generator = StyleGAN2(
        16,
        z_dim=4,
        w_dim=4,
        n_classes=n_classes,
        mapping_layers=2,
        channels=(16, 4, 4),
        clamp=clamp,
    )
    with torch.no_grad():
        for name, value in generator.state_dict().items():
            start = 1.0 if name.endswith("affine.bias") else 0.0
            wide = 20.0 if name.startswith("mapping.fc") else 1.0
            value.copy_(start + (wide * torch.randn(value.shape) * 1024).round() / 1024)
    return generator.eval().requires_grad_(False)


# NVIDIA's pickles.


def reconstruct(_about: dict[str, Any]) -> None:
    raise AssertionError("this is only a name")


class EasyDict(dict[str, Any]):
    pass


reconstruct.__module__, reconstruct.__qualname__ = (
    "torch_utils.persistence",
    "_reconstruct_persistent_obj",
)
EasyDict.__module__ = "dnnlib.util"


class Persistent:
    """A module as NVIDIA's pickles have it, beside source text that must not run."""

    def __init__(self, kind: str, **attributes: Any) -> None:
        self.kind, self.attributes = kind, attributes
        self.parameters: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}
        self.modules: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        state = {
            "training": False,
            "_parameters": OrderedDict(self.parameters),
            "_buffers": OrderedDict(self.buffers),
            "_non_persistent_buffers_set": set(),
            "_modules": OrderedDict(self.modules),
            "act_gain": np.sqrt(2),
            "size": np.array([16, 16]),
            "_init_kwargs": EasyDict(img_resolution=16),
            **self.attributes,
        }
        about = {
            "type": "class",
            "version": 6,
            "module_src": "raise AssertionError('the source text was run')",
            "class_name": self.kind,
            "state": state,
        }
        return reconstruct, (about,), None


def persistent(
    state: Mapping[str, Tensor], kind: str = "Generator", clamp: float | None = None
) -> Persistent:
    """The modules of a state dict, with the filters that NVIDIA's have."""
    root = Persistent(kind)
    for name, value in state.items():
        *path, last = name.split(".")
        module = root
        for step in path:
            if step not in module.modules:
                module.modules[step] = Persistent("Layer", conv_clamp=clamp)
            module = module.modules[step]
        if last in BUFFERS:
            module.buffers[last] = value
        else:
            module.parameters[last] = nn.Parameter(value, requires_grad=False)
        if last == "noise_const":
            module.buffers["resample_filter"] = torch.outer(FILTER, FILTER) / 64
    return root


@contextmanager
def names_of_nvidia() -> Iterator[None]:
    """Lets pickle find the names that stand in such files, to write them."""
    for name in MODULES:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj = reconstruct  # type: ignore[attr-defined]
    sys.modules["dnnlib.util"].EasyDict = EasyDict  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in MODULES:
            del sys.modules[name]


def pickled(content: Any, protocol: int = 4) -> bytes:
    with names_of_nvidia():
        return pickle.dumps(content, protocol)


def snapshot(G_ema: Any, D: Any = None) -> dict[str, Any]:
    """What NVIDIA's training writes."""
    other = Persistent("Discriminator") if D is None else D
    kwargs = EasyDict(class_name="training.dataset.ImageFolderDataset", max_size=None)
    return {
        "G": G_ema,
        "D": other,
        "G_ema": G_ema,
        "augment_pipe": None,
        "training_set_kwargs": kwargs,
    }


# Checkpoints of rosinality and of genforce, written out for three sizes.


def as_rosinality(generator: StyleGAN2) -> dict[str, Tensor]:
    state = generator.state_dict()
    kernel = torch.outer(FILTER, FILTER) / 16
    found = {"input.input": state["synthesis.b4.const"][None]}
    for i in range(generator.mapping_layers):
        for part in ("weight", "bias"):
            found[f"style.{i + 1}.{part}"] = state[f"mapping.fc{i}.{part}"]
    convs = ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")
    theirs = ("conv1", "convs.0", "convs.1", "convs.2", "convs.3")
    for i, (ours, name) in enumerate(zip(convs, theirs, strict=True)):
        layer = {k: state[f"synthesis.{ours}.{k}"] for k in ("weight", "bias", "noise_const")}
        fan_in = 9 * layer["weight"].shape[1]
        found[f"{name}.conv.weight"] = layer["weight"][None] * fan_in**0.5
        found[f"{name}.activate.bias"] = layer["bias"]
        found[f"noises.noise_{i}"] = layer["noise_const"][None, None]
        found[f"{name}.noise.weight"] = state[f"synthesis.{ours}.noise_strength"].reshape(1)
        for part in ("weight", "bias"):
            found[f"{name}.conv.modulation.{part}"] = state[f"synthesis.{ours}.affine.{part}"]
        if "conv0" in ours:
            found[f"{name}.conv.blur.kernel"] = kernel
    for ours, name in (("b4", "to_rgb1"), ("b8", "to_rgbs.0"), ("b16", "to_rgbs.1")):
        found[f"{name}.conv.weight"] = state[f"synthesis.{ours}.torgb.weight"][None]
        found[f"{name}.bias"] = state[f"synthesis.{ours}.torgb.bias"].reshape(1, 3, 1, 1)
        for part in ("weight", "bias"):
            found[f"{name}.conv.modulation.{part}"] = state[f"synthesis.{ours}.torgb.affine.{part}"]
        if ours != "b4":
            found[f"{name}.upsample.kernel"] = kernel
    return found


def as_genforce(generator: StyleGAN2) -> dict[str, Tensor]:
    state = generator.state_dict()
    kernel = (torch.outer(FILTER, FILTER) / 16)[None, None]
    found = {
        "synthesis.early_layer.const": state["synthesis.b4.const"][None],
        "truncation.w_avg": state["mapping.w_avg"],
        "synthesis.upsample.kernel": kernel,
    }
    for part in ("weight", "bias"):
        for i in range(generator.mapping_layers):
            found[f"mapping.dense{i}.{part}"] = state[f"mapping.fc{i}.{part}"]
        if generator.n_classes:
            found[f"mapping.LabelEmbed.{part}"] = state[f"mapping.embed.{part}"]
    for i, ours in enumerate(("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")):
        name = f"synthesis.layer{i}"
        weight = state[f"synthesis.{ours}.weight"]
        up = "conv0" in ours
        scale = (9 * weight.shape[1]) ** 0.5
        found[f"{name}.weight"] = scale * (weight.flip(2, 3) if up else weight)
        found[f"{name}.bias"] = state[f"synthesis.{ours}.bias"]
        found[f"{name}.noise"] = state[f"synthesis.{ours}.noise_const"][None, None]
        found[f"{name}.noise_strength"] = state[f"synthesis.{ours}.noise_strength"]
        found[f"{name}.style.weight"] = state[f"synthesis.{ours}.affine.weight"]
        found[f"{name}.style.bias"] = state[f"synthesis.{ours}.affine.bias"] - 1.0
        if up:
            found[f"{name}.filter.kernel"] = kernel
    for i, ours in enumerate(("b4", "b8", "b16")):
        name = f"synthesis.output{i}"
        found[f"{name}.weight"] = state[f"synthesis.{ours}.torgb.weight"]
        found[f"{name}.bias"] = state[f"synthesis.{ours}.torgb.bias"]
        found[f"{name}.style.weight"] = state[f"synthesis.{ours}.torgb.affine.weight"]
        found[f"{name}.style.bias"] = state[f"synthesis.{ours}.torgb.affine.bias"] - 1.0
    return found


def check_same(found: nn.Module, expected: nn.Module) -> None:
    """Every tensor of one is that of the other, to the last bit."""
    theirs, ours = found.state_dict(), expected.state_dict()
    assert theirs.keys() == ours.keys()
    for name, value in ours.items():
        assert torch.equal(theirs[name], value), name


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path
