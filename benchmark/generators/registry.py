"""How any generator is opened: by the name of a known one, by file, folder or import path."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line
from benchmark.core.plugins import Offer, check_reference, from_file, installed, is_file, name_of
from benchmark.generators.asking.trial import tried
from benchmark.generators.base import Generator
from benchmark.generators.catalogue import GENERATORS, Entry
from benchmark.generators.families.onnx_model import ONNXModel
from benchmark.generators.options import split_reference
from benchmark.generators.stored import load_weights
from benchmark.generators.unregistered import unregistered

WEIGHTS = (".safetensors", ".onnx", ".pt", ".pth", ".pkl")  # how a file's name ends, no generator's


def find_generator(reference: str) -> tuple[str, Entry]:
    """Name and entry of a known generator, one of an installed package, a weights file or folder,
    a network in ONNX, or `path/to/file.py:callable`.

    Each may carry options, as in `imagenet-biggan?classes=207,239&truncation=0.5`; the name is
    without them. A generator of the user's own goes by the name of its file and callable, so its
    results do not depend on the folder it lies in. Raises BenchError where there is none or it
    cannot be used.
    """
    base, options = split_reference(reference)
    check_reference(base)
    name = base
    if base in GENERATORS:
        entry = GENERATORS[base]
    elif is_file(base):
        name = name_of(base)
        entry = Entry(f"from {base}", lambda: _from_file(base))
    elif Path(base).exists():
        own = Path(base).stem
        name = Path(base).resolve().stem if own in ("", "..") else own  # `.` is some folder
        entry = Entry(f"weights in {base}", lambda: _from_weights(Path(base)), weights=Path(base))
    elif offer := installed("generators").get(base):
        entry = Entry(f"from package {offer.package}", lambda: _offered(offer))
    elif Path(base).suffix in WEIGHTS or len(Path(base).parts) > 1 or base.startswith("."):
        raise BenchError(f"there is no file or folder {base}")
    else:
        raise unknown("generator", base, (*GENERATORS, *installed("generators")))
    if reason := entry.missing():
        raise BenchError(f"generator '{name}' is not available: {reason}")
    return name, replace(entry, options={**entry.options, **options})


def absolute(reference: str) -> str:
    """The same reference, as it opens the same generator from any other folder."""
    base, query = reference.partition("?")[::2]
    if is_file(base):
        path, _, attribute = base.rpartition(":")
        base = f"{Path(path).absolute()}:{attribute}"
    elif base not in GENERATORS and Path(base).exists():
        base = str(Path(base).absolute())
    return f"{base}?{query}" if query else base


def _from_file(reference: str) -> Generator:
    """What the callable in a user's file makes, with the hash of the file."""
    loaded = from_file(reference, lambda make: tried(_made(make, reference), reference))
    return _of(loaded.value, loaded.code)


def _made(make: Any, reference: str) -> object:
    """What the callable gives. Raises BenchError for a network, which can be called, too."""
    if isinstance(make, nn.Module):
        raise BenchError(
            f"{reference} is a network that is made already; name its class, or a function that "
            "returns it, so that each run makes its own"
        )
    return make()


def _from_weights(path: Path) -> Generator:
    """The generator in a file or folder, a network in ONNX or weights of a known family."""
    if path.suffix.lower() == ".onnx" and not path.is_dir():
        return ONNXModel(path).eval()
    return load_weights(path)


def _offered(offer: Offer) -> Generator:
    """What the callable of an installed package makes, with the package's version."""
    make = offer.load()
    made = in_one_line(f"{offer} cannot be made", make.value)
    return _of(tried(made, str(offer)), make.code)


def _of(generator: Generator, code: str) -> Generator:
    """The generator with the hash of all that made it, weights apart: the code, and what it holds
    that torch does not know as weights."""
    held = unregistered(generator)
    generator.code = hashlib.sha256(f"{code} {held}".encode()).hexdigest() if held else code
    return generator
