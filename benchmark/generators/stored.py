"""Generators on disk: the suite's own float16 safetensors, and the layouts that others publish.

The header of the suite's own files names the architecture and holds the hash of the weights. Others
publish files of several layouts, which `reading` makes into a state dict whose keys tell the
architecture, or a folder, whose files do. All come back as a frozen float32 generator in eval mode.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.errors import BenchError, unknown
from benchmark.core.file_kinds import beginning, stand_in
from benchmark.core.reading import parse_json
from benchmark.core.storage import write_atomically
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.biggan_deep import BigGANDeep
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.families.stylegan3 import StyleGAN3
from benchmark.generators.family import Family
from benchmark.generators.reading.any_layout import of_family, read_published
from benchmark.generators.reading.published_state import PublishedState, listed

KINDS: tuple[type[Family], ...] = (  # the one list of all families
    SNGAN,
    BigGAN,
    BigGANDeep,
    ProgGAN,
    StyleGAN2,
    StyleGAN3,
)
FAMILIES = {kind.family: kind for kind in KINDS}


def weights_hash(generator: Generator) -> str:
    """The identity of a generator: SHA-256 over names, shapes and float32 bytes of its weights."""
    return _hash(generator.state_dict())


def save_weights(
    generator: Family, path: Path, metadata: Mapping[str, str], exact: bool = False
) -> None:
    """Write float16 safetensors with the architecture, the hash and `metadata` in its header.

    Batch-norm statistics stay float32: they are few, and a variance can be too small for float16.
    exact: all weights stay float32, so that what comes back is the same generator. Raises
    BenchError where a weight is beyond float16.
    """
    tensors = {}
    for name, value in _weights(generator.state_dict()).items():
        full = exact or "running_" in name
        tensors[name] = value.to("cpu", torch.float32 if full else torch.float16).contiguous()
        if not tensors[name].isfinite().all():
            among = "float32" if full else "float16"
            raise BenchError(f"{name} has values that are not finite in {among}; not saved")
    header = {
        "architecture": json.dumps({"name": generator.family, **generator.architecture()}),
        "weights_hash": _hash(tensors),
    }
    write_atomically(path, lambda part: save_file(tensors, part, {**metadata, **header}))


def load_weights(path: Path) -> Generator:
    """The generator in a safetensors file, or in a file or folder as others publish them.

    Raises BenchError naming the file where it is missing, damaged, cut short or of another shape.
    """
    if not path.exists():
        raise BenchError(f"no weights at {path}")
    for file in path.iterdir() if path.is_dir() else (path,):
        if not file.is_file() and not file.is_dir():  # a pipe would be waited for without end
            raise BenchError(f"{file} is neither a file nor a folder, so it holds no weights")
    if path.suffix == ".safetensors":
        return load_family(path)
    if path.is_dir():
        return _from_folder(path).eval().requires_grad_(False)
    return read_generator(path)[0]


def read_generator(path: Path) -> tuple[Family, PublishedState]:
    """The generator in a file that others saved, and what is known of where it comes from.

    Raises BenchError, in one line that names the file, where it holds none.
    """
    found = read_published(path)
    for kind in KINDS:
        if kind.published_key in found.state:
            generator = kind.from_state_dict(found.state, str(path), **found.settings)
            if not found.layout:
                found = of_family(found, kind.family)
            return generator.eval().requires_grad_(False), found
    known = ", ".join(kind.__name__ for kind in KINDS)
    raise BenchError(
        f"{path} is a state dict of no known generator; it holds {listed(found.state)}, and there "
        f"are generators of {known}"
    )


def load_family(path: Path) -> Family:
    """The generator in a safetensors file of this suite; raises BenchError as `load_weights`."""
    return _from_safetensors(path).eval().requires_grad_(False)


def _from_safetensors(path: Path) -> Family:
    try:
        if kind := stand_in(beginning(path)):
            raise BenchError(f"{path} is not a whole safetensors file: it is {kind}")
        with safe_open(path, "pt") as file:
            header, names = file.metadata() or {}, file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise BenchError(f"{path} is not a whole safetensors file: {error}") from error
    if "architecture" not in header:
        raise BenchError(f"{path} names no architecture, so it holds no generator of this suite")
    try:
        wrong = f"{path} names no usable architecture: it"
        architecture = parse_json(header["architecture"], wrong)
        name = architecture.pop("name")
        if name not in FAMILIES:
            raise unknown(f"architecture in {path}", str(name), FAMILIES)
        generator = FAMILIES[name](**architecture)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        raise BenchError(f"{path} names no usable architecture: {error}") from error
    _check_shapes(tensors, _weights(generator.state_dict()), path)
    found, expected = _hash(tensors), header.get("weights_hash")
    if found != expected:
        raise BenchError(f"{path} is damaged: its weights hash to {found}, expected {expected}")
    generator.load_state_dict(tensors)  # copies into float32
    return generator


def _from_folder(path: Path) -> Family:
    layouts = {kind.published_files: kind for kind in KINDS if kind.published_files}
    found = [files for files in layouts if any((path / name).exists() for name in files)]
    for files in found or layouts:  # where there is nothing, the first says what is missing
        for name in files:
            if not (path / name).exists():
                raise BenchError(f"{path} has no {name}; a generator is {' + '.join(files)}")
        return layouts[files].from_folder(path)
    raise BenchError(f"{path} is a folder, and no generator is published in one")


def _check_shapes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path) -> None:
    for name in sorted(expected.keys() | found.keys()):
        should, does = (
            tuple(state[name].shape) if name in state else "absent" for state in (expected, found)
        )
        if should != does:
            raise BenchError(f"{path}: {name} should be {should}, but is {does}")


def _weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries without batch norm's step counters, which no image depends on."""
    return {name: value for name, value in state.items() if value.is_floating_point()}


def _hash(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(_weights(state).items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
