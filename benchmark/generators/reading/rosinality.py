"""Checkpoints of rosinality/stylegan2-pytorch, and of the many projects that build on it.

Converted ones are {"g_ema", "latent_avg"}; those of its training hold the other networks, the
optimisers and the arguments as well, but no mean of w. Weights are stored as NVIDIA's are, before
the scaling of their use; names and empty axes differ.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.families.mapping import Mapping as MappingNetwork
from benchmark.generators.family import read_as
from benchmark.generators.reading.published_state import CONVERTED, PublishedState, listed
from benchmark.generators.reading.renaming import Name, renamed, same, scaled, usual_filters

LAYOUT = "checkpoint of rosinality/stylegan2-pytorch"
KEY = "conv1.conv.modulation.weight"
MEAN_OF = 10_000  # z whose w are averaged where the file holds no mean

OF_STYLE: tuple[Name, ...] = (
    ("affine.weight", "conv.modulation.weight", same),
    ("affine.bias", "conv.modulation.bias", same),
)
OF_CONV: tuple[Name, ...] = (
    *OF_STYLE,
    ("weight", "conv.weight", lambda x: scaled(x.squeeze(0))),  # from (1, out, in, k, k)
    ("bias", "activate.bias", same),
    ("noise_strength", "noise.weight", lambda x: x.squeeze(0)),  # (), from (1,)
)
OF_IMAGE: tuple[Name, ...] = (
    *OF_STYLE,
    ("weight", "conv.weight", lambda x: x.squeeze(0)),  # (C, in, 1, 1), from (1, C, in, 1, 1)
    ("bias", "bias", lambda x: x[0, :, 0, 0]),  # (C,), from (1, C, 1, 1)
)


def fits(content: Mapping[str, Any]) -> bool:
    """Whether a file's content is such a checkpoint, or the state dict of its generator."""
    inner = (content.get(name) for name in ("g_ema", "g"))
    return any(isinstance(one, Mapping) and KEY in one for one in (content, *inner))


def read_checkpoint(content: Mapping[str, Any], path: Path) -> PublishedState:
    """The averaged generator of a checkpoint. Raises BenchError, in one line, where there is none
    or it has another shape."""
    theirs = content if KEY in content else content.get("g_ema")
    if not isinstance(theirs, Mapping):
        raise BenchError(f"{path} holds no generator 'g_ema'; it holds {listed(content)}")
    notes = []
    with read_as(f"{path} is no StyleGAN2 of rosinality"):
        filters = usual_filters(theirs, (".blur.kernel", ".upsample.kernel"))
        state = renamed(theirs, _names(theirs), filters)
        if "noises.noise_0" not in theirs:
            _draw_noise(state)
            notes.append("the file holds no constant noise; it is drawn here, always the same")
        mean = content.get("latent_avg")
        if mean is None:
            mean = _mean_w(state)
            notes.append(f"the file holds no mean of w; it is measured here, over {MEAN_OF:,} z")
        state["mapping.w_avg"] = mean.flatten()  # (w_dim,)
    return PublishedState(state, LAYOUT, CONVERTED, notes=tuple(notes))


def _names(theirs: Mapping[str, Tensor]) -> Iterator[Name]:
    """Every entry that there should be."""
    layer = 0
    while f"style.{layer + 1}.weight" in theirs:
        for part in ("weight", "bias"):
            yield f"mapping.fc{layer}.{part}", f"style.{layer + 1}.{part}", same
        layer += 1
    yield "synthesis.b4.const", "input.input", lambda x: x.squeeze(0)  # (C, 4, 4)
    yield from _layers("b4", ["conv1"], "to_rgb1", 0, theirs)
    i = 0
    while f"to_rgbs.{i}.bias" in theirs:
        convs = [f"convs.{2 * i}", f"convs.{2 * i + 1}"]
        yield from _layers(f"b{8 << i}", convs, f"to_rgbs.{i}", 2 * i + 1, theirs)
        i += 1


def _layers(
    block: str, convs: list[str], image: str, noise: int, theirs: Mapping[str, Tensor]
) -> Iterator[Name]:
    """The entries of one image size. noise: the number of its first one."""
    for i, conv in enumerate(convs):
        ours = f"synthesis.{block}.conv{i + 2 - len(convs)}"
        for part, their_part, change in OF_CONV:
            yield f"{ours}.{part}", f"{conv}.{their_part}", change
        if "noises.noise_0" in theirs:  # the earliest checkpoints hold none
            yield f"{ours}.noise_const", f"noises.noise_{noise + i}", lambda x: x[0, 0]  # (h, w)
    for part, their_part, change in OF_IMAGE:
        yield f"synthesis.{block}.torgb.{part}", f"{image}.{their_part}", change


def _draw_noise(state: dict[str, Tensor]) -> None:
    """A constant noise for every convolution, as there when the network is made."""
    rng = stream("noise of a checkpoint that holds none")
    for name in [name for name in state if name.endswith(".noise_strength")]:
        side = int(name.split(".")[1].removeprefix("b"))
        noise = torch.randn(side, side, generator=rng)
        state[name.replace("noise_strength", "noise_const")] = noise


def _mean_w(state: Mapping[str, Tensor]) -> Tensor:
    """The mean (w_dim,) of the w of a fixed sample of z."""
    weights = {
        name.removeprefix("mapping."): value
        for name, value in state.items()
        if name.startswith("mapping.")
    }
    w_dim, z_dim = weights["fc0.weight"].shape
    mapping = MappingNetwork(z_dim, w_dim, 0, len(weights) // 2)
    mapping.load_state_dict({**weights, "w_avg": torch.zeros(w_dim)})
    z = torch.randn(MEAN_OF, z_dim, generator=stream("z for the mean of w"))  # (n, z_dim)
    with torch.no_grad():
        mean: Tensor = mapping(z, None).mean(dim=0)  # (w_dim,)
    return mean
