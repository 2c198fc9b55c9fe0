"""Which layout a file of others has, and what it holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.file_kinds import PICKLE, TORCH_BEFORE_ZIP, head_of
from benchmark.generators.family import read_state_dict
from benchmark.generators.reading import genforce, rosinality
from benchmark.generators.reading.nvidia import LICENCE, read_snapshot
from benchmark.generators.reading.published_state import PublishedState

HALF = (torch.float16, torch.bfloat16)
OF_NVIDIA = ("state dict in the names of NVlabs", LICENCE)
BY_FAMILY: Mapping[str, tuple[str, str]] = {  # layout and licence of a state dict by itself
    "sngan": ("state dict of anvoynov/GANLatentDiscovery", "none stated by its authors"),
    "biggan": (
        "state dict of ajbrock/BigGAN-PyTorch",
        "MIT, Andrew Brock, of those that he published; trained on ILSVRC",
    ),
    "biggan-deep": (
        "state dict of huggingface/pytorch-pretrained-BigGAN",
        "Apache-2.0, DeepMind, of those converted from its release; trained on ILSVRC",
    ),
    "proggan": (
        "state dict of ptrblck/prog_gans_pytorch_inference",
        "CC BY-NC 4.0, NVIDIA, of those converted from NVIDIA's",
    ),
    "stylegan2": OF_NVIDIA,
    "stylegan3": OF_NVIDIA,
}


class Arguments:
    """Stands for `argparse.Namespace`, which checkpoints of a training hold; keeps nothing."""

    def __setstate__(self, _state: object) -> None:
        pass


def read_published(path: Path) -> PublishedState:
    """The generator's state in a file that others saved, whatever the file's name.

    A state dict by itself comes as it is: its family is told by its keys. Nothing in the file is
    run. Raises BenchError, in one line, for a file that holds no generator or is none of these.
    """
    found = _read(path)
    halves = sum(isinstance(v, Tensor) and v.dtype in HALF for v in found.state.values())
    if not halves:
        return found
    note = f"{halves} of its {len(found.state)} tensors are of 16 bits; they are read as float32"
    return replace(found, notes=(*found.notes, note))


def of_family(found: PublishedState, family: str) -> PublishedState:
    """The same, with the layout and licence of a state dict that a family's keys have told."""
    layout, licence = BY_FAMILY[family]
    return replace(found, layout=layout, licence=licence)


def _read(path: Path) -> PublishedState:
    head = head_of(path, f"{path} cannot be read")
    if PICKLE.match(head) and not head.startswith(TORCH_BEFORE_ZIP):
        return read_snapshot(path)
    stand_ins: list[Any] = [(Arguments, "argparse.Namespace")]
    with torch.serialization.safe_globals(stand_ins):
        content: Mapping[str, Any] = read_state_dict(path)
    for layout in (rosinality, genforce):
        if layout.fits(content):
            return layout.read_checkpoint(content, path)
    return PublishedState(content)
