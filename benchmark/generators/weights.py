"""Generators on disk: the suite's float16 safetensors, and the authors' folder.

The authors' folder holds `args.json` (model, latent_dim, image_channels) and `generator.pt`, a
state dict. Both kinds come back as a frozen float32 generator in eval mode.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.errors import BenchError, unknown
from benchmark.generators.base import Generator
from benchmark.generators.sngan import SNGAN, from_state_dict
from benchmark.storage import save_checkpoint, write_atomically

BUNDLED = Path(__file__).parent / "weights"
AUTHORS_MODELS = {"sn_resnet32": 32, "sn_resnet64": 64}  # their name of a model: its image side


def weights_hash(generator: Generator) -> str:
    """The identity of a generator: SHA-256 over names, shapes and float32 bytes of its weights."""
    return _hash(generator.state_dict())


def save_weights(generator: SNGAN, path: Path, metadata: Mapping[str, str]) -> None:
    """Write float16 safetensors with the architecture, the hash and `metadata` in its header.

    Batch-norm statistics stay float32: they are few, and a variance can be too small for float16.
    Raises BenchError where a weight is beyond float16.
    """
    tensors = {}
    for name, value in _weights(generator.state_dict()).items():
        exact = "running_" in name
        tensors[name] = value.to("cpu", torch.float32 if exact else torch.float16).contiguous()
        if not tensors[name].isfinite().all():
            raise BenchError(f"{name} has values that are not finite in float16; not saved")
    channels, _, _ = generator.image_shape
    architecture = {
        "name": "sngan",
        "latent_dim": generator.latent_dim,
        "channels": generator.channels,
        "image_channels": channels,
    }
    header = {"architecture": json.dumps(architecture), "weights_hash": _hash(tensors)}
    write_atomically(path, lambda part: save_file(tensors, part, {**metadata, **header}))


def load_weights(path: Path) -> SNGAN:
    """The generator in a safetensors file or in a folder of the authors' layout.

    Raises BenchError naming the file where it is missing, damaged, cut short or of another shape.
    """
    if not path.exists():
        raise BenchError(f"no weights at {path}")
    generator = _from_authors_folder(path) if path.is_dir() else _from_safetensors(path)
    return generator.eval().requires_grad_(False)


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


def _from_safetensors(path: Path) -> SNGAN:
    try:
        with safe_open(path, "pt") as file:
            header, names = file.metadata() or {}, file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise BenchError(f"{path} is not a whole safetensors file: {error}") from error
    if "architecture" not in header:
        raise BenchError(f"{path} names no architecture, so it holds no generator of this suite")
    try:
        architecture = json.loads(header["architecture"])
        name = architecture.pop("name")
        if name != "sngan":
            raise unknown(f"architecture in {path}", str(name), ["sngan"])
        generator = SNGAN(**architecture)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        raise BenchError(f"{path} names no usable architecture: {error}") from error
    _check_shapes(tensors, _weights(generator.state_dict()), path)
    found, expected = _hash(tensors), header.get("weights_hash")
    if found != expected:
        raise BenchError(f"{path} is damaged: its weights hash to {found}, expected {expected}")
    generator.load_state_dict(tensors)  # copies into float32
    return generator


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
    generator = from_state_dict(_state_of(path), str(path))
    found = (generator.latent_dim, generator.image_shape)
    if found != (latent_dim, image_shape):
        raise BenchError(
            f"{path} maps {found[0]} latent dimensions to images {found[1]}, "
            f"but args.json says {latent_dim} to {image_shape}"
        )
    return generator


def _state_of(path: Path) -> dict[str, Tensor]:
    """The `model.` tensors of a state dict; what else the file has is no part of the generator."""
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
        return {name: value for name, value in content.items() if name.startswith("model.")}
    except Exception as error:  # torch raises a different type for every way a file can be broken
        reason = (str(error) or repr(error)).splitlines()[0]
        raise BenchError(f"{path} is not a readable state dict: {reason}") from error


def _check_shapes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path) -> None:
    for name in sorted(expected.keys() | found.keys()):
        should, does = (
            tuple(state[name].shape) if name in state else "absent" for state in (expected, found)
        )
        if should != does:
            raise BenchError(f"{path}: {name} should be {should}, but is {does}")


def _weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without batch norm's step counters, which no image depends on."""
    return {name: value for name, value in state.items() if value.is_floating_point()}


def _hash(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(_weights(state).items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
