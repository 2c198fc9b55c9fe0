"""Generators in the layouts that others publish: folders and state dicts of the paper's four.

The authors' SNGAN folder holds `args.json` (model, latent_dim, image_channels) and `generator.pt`.
BigGAN's `G_ema.pth` and ProgGAN's snapshot are one state dict each; its keys tell which.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.core.checkpoints import save_checkpoint
from benchmark.core.errors import BenchError
from benchmark.core.storage import write_atomically
from benchmark.generators import biggan, proggan, sngan
from benchmark.generators.base import Generator
from benchmark.generators.sngan import SNGAN

AUTHORS_MODELS = {"sn_resnet32": 32, "sn_resnet64": 64}  # their name of a model: its image side
READERS = {  # a key that only this family's state dicts have: what reads them
    "model.0.weight": sngan.from_state_dict,
    "shared.weight": biggan.from_state_dict,
    "features.0.conv.weight": proggan.from_state_dict,
}


def from_published(path: Path) -> Generator:
    """The generator in a folder of the authors' layout or in a file with a known state dict.

    Raises BenchError naming the file where it is damaged, of another kind or another shape.
    """
    if path.is_dir():
        return _from_authors_folder(path)
    state = _state_of(path)
    for key, read in READERS.items():
        if key in state:
            return read(state, str(path))
    raise BenchError(
        f"{path} is a state dict of no known generator; there are SNGAN's, BigGAN's and ProgGAN's"
    )


def save_authors_layout(generator: SNGAN, folder: Path) -> None:
    """Write `args.json` and `generator.pt` as the authors' code reads them.

    Their `sn_resnet32` is 256 wide and their `sn_resnet64` 1024-512-256-128-64; for other widths
    their table SN_RES_GEN_CONFIGS needs the channels, which `args.json` names.
    """
    channels, side, _ = generator.image_shape
    model = f"sn_resnet{side}"
    if model not in AUTHORS_MODELS:
        raise BenchError(f"the authors' code makes 32 or 64 pixel images, not {side}")
    args = {
        "model": model,
        "latent_dim": generator.latent_dim,
        "image_channels": channels,
        "channels": generator.channels,
    }
    state = {name: value.cpu().contiguous() for name, value in generator.state_dict().items()}
    for name, value in list(state.items()):  # they hold each block's convolutions twice
        for inner, twin in ((".model.3.", ".conv1."), (".model.6.", ".conv2.")):
            if inner in name:
                state[name.replace(inner, twin)] = value
    write_atomically(folder / "args.json", lambda part: part.write_text(json.dumps(args)))
    save_checkpoint(folder / "generator.pt", state)


def _from_authors_folder(folder: Path) -> SNGAN:
    args_path, path = folder / "args.json", folder / "generator.pt"
    for file in (args_path, path):
        if not file.exists():
            raise BenchError(
                f"{folder} has no {file.name}; a generator is args.json + generator.pt"
            )
    try:
        args = json.loads(args_path.read_text())
        side, latent_dim = AUTHORS_MODELS[args["model"]], int(args["latent_dim"])
        image_shape = (int(args.get("image_channels", 3)), side, side)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(
            f"{args_path} should name a model of {', '.join(AUTHORS_MODELS)} and its latent_dim, "
            f"but has a fault at {error}"
        ) from error
    state = _state_of(path, "model.")  # what else the file has is no part of the generator
    generator = sngan.from_state_dict(state, str(path))
    found = (generator.latent_dim, generator.image_shape)
    if found != (latent_dim, image_shape):
        raise BenchError(
            f"{path} maps {found[0]} latent dimensions to images {found[1]}, "
            f"but args.json says {latent_dim} to {image_shape}"
        )
    return generator


def _state_of(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """The entries of a state dict whose names begin with `prefix`."""
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
        return {name: value for name, value in content.items() if name.startswith(prefix)}
    except Exception as error:  # torch raises a different type for every way a file can be broken
        reason = (str(error) or repr(error)).splitlines()[0]
        raise BenchError(f"{path} is not a readable state dict: {reason}") from error
