"""Checkpoints of genforce/genforce, which SeFa and others use: {"generator_smooth", ...}.

Their StyleGAN2 is stored as TensorFlow has it: the kernels that double an image are mirrored, and
the bias of a style lacks its one. A ProgGAN's scales follow from its sizes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.generators.family import read_as
from benchmark.generators.reading.published_state import CONVERTED, PublishedState, listed
from benchmark.generators.reading.renaming import Name, renamed, same, scaled, usual_filters

LAYOUT = "checkpoint of genforce/genforce"
AVERAGED = "generator_smooth"
STYLEGAN, STYLEGAN2, PROGGAN = "synthesis.lod", "synthesis.early_layer.const", "output0.weight"

OF_LAYER: tuple[Name, ...] = (
    ("bias", "bias", same),
    ("affine.weight", "style.weight", same),
    ("affine.bias", "style.bias", lambda x: x.double() + 1.0),
)
OF_CONV: tuple[Name, ...] = (
    *OF_LAYER,
    ("noise_strength", "noise_strength", same),
    ("noise_const", "noise", lambda x: x[0, 0]),  # (h, w), from (1, 1, h, w)
)


def fits(content: Mapping[str, Any]) -> bool:
    """Whether a file's content is such a checkpoint."""
    return AVERAGED in content or isinstance(content.get("generator"), Mapping)


def read_checkpoint(content: Mapping[str, Any], path: Path) -> PublishedState:
    """The averaged generator of a checkpoint. Raises BenchError, in one line, where there is none,
    or it is of an architecture that the suite does not have."""
    theirs = content.get(AVERAGED)
    if not isinstance(theirs, Mapping):
        raise BenchError(f"{path} holds no '{AVERAGED}'; it holds {listed(content)}")
    if STYLEGAN in theirs:
        raise BenchError(f"{path} holds a StyleGAN, the first, which this suite does not have")
    with read_as(f"{path} is no generator of genforce"):
        if STYLEGAN2 in theirs:
            filters = usual_filters(theirs, (".filter.kernel", ".upsample.kernel"))
            state = renamed(theirs, _of_stylegan2(theirs), filters)
        elif PROGGAN in theirs:
            state = _proggan(theirs)
        else:
            raise BenchError(f"{path} holds no generator that is known; it holds {listed(theirs)}")
    return PublishedState(state, LAYOUT, CONVERTED)


def _of_stylegan2(theirs: Mapping[str, Tensor]) -> Iterator[Name]:
    """Every entry that there should be."""
    layer = 0
    while f"mapping.dense{layer}.weight" in theirs:
        for part in ("weight", "bias"):
            yield f"mapping.fc{layer}.{part}", f"mapping.dense{layer}.{part}", same
        layer += 1
    if "mapping.LabelEmbed.weight" in theirs:  # as in StyleGAN2-ADA
        for part in ("weight", "bias"):
            yield f"mapping.embed.{part}", f"mapping.LabelEmbed.{part}", same
    yield "mapping.w_avg", "truncation.w_avg", same
    yield "synthesis.b4.const", STYLEGAN2, lambda x: x.squeeze(0)  # (C, 4, 4)
    i = 0
    while f"synthesis.output{i}.bias" in theirs:
        block = f"synthesis.b{4 << i}"
        yield f"{block}.conv1.weight", f"synthesis.layer{2 * i}.weight", scaled
        yield f"{block}.torgb.weight", f"synthesis.output{i}.weight", same
        convs = {f"{block}.conv1": f"synthesis.layer{2 * i}"}
        if i > 0:
            name = f"synthesis.layer{2 * i - 1}"
            yield f"{block}.conv0.weight", f"{name}.weight", lambda x: scaled(x.flip(2, 3))
            convs[f"{block}.conv0"] = name
        for ours, name in convs.items():
            for part, their_part, change in OF_CONV:
                yield f"{ours}.{part}", f"{name}.{their_part}", change
        for part, their_part, change in OF_LAYER:
            yield f"{block}.torgb.{part}", f"synthesis.output{i}.{their_part}", change
        i += 1


def _proggan(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a ProgGAN in the names of ptrblck/prog_gans_pytorch_inference."""
    if theirs["lod"].item() != 0:
        raise ValueError("its training ended before its images had grown to their full size")
    layers = 0
    while f"layer{layers}.weight" in theirs:
        layers += 1
    last = f"output{layers // 2 - 1}"  # those of smaller images were used while it grew
    outputs = {name for name in theirs if name.startswith("output") and f"{last}." not in name}
    names = {f"features.{i}": f"layer{i}" for i in range(layers)} | {"output": last}
    state = renamed(theirs, _of_proggan(names), {"lod", *outputs})
    for ours in names:
        fan_in = state[f"{ours}.conv.weight"][0].numel()
        gain = 1.0 if ours == "output" else 2.0
        state[f"{ours}.wscale.scale"] = torch.tensor(
            [(gain / fan_in) ** 0.5], dtype=torch.float64
        )  # (1,)
    return state


def _of_proggan(names: Mapping[str, str]) -> Iterator[Name]:
    for ours, name in names.items():
        yield f"{ours}.conv.weight", f"{name}.weight", same
        yield f"{ours}.wscale.b", f"{name}.bias", same
