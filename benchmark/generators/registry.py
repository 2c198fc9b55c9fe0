"""The generators there are, and how any generator is opened by name, file or import path."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError, unknown
from benchmark.generators.base import Generator
from benchmark.generators.planted import FACTORS, Planted
from benchmark.generators.stored import load_weights

BUNDLED = Path(__file__).parent / "weights"
OPTIONS = {"classes": int, "truncation": float}  # of a generator, and the type of each value


def weights_home() -> Path:
    """Where weights that are not bundled lie: $BENCH_WEIGHTS, else the user's cache folder."""
    return Path(os.environ.get("BENCH_WEIGHTS", "~/.cache/latent-direction-bench")).expanduser()


@dataclass(frozen=True)
class Entry:
    """One generator the suite knows: what it is, its usual K and R, and how it is opened.

    weights: the file or folder it loads, or None if it needs none. get: the command that brings
    them. options: what `configure` is told; a dict of `classes` and `truncation`.
    """

    about: str
    k: int
    reconstructor: str
    load: Callable[[], Generator]
    weights: Path | None = None
    get: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Why it cannot be used here, or None."""
        if self.weights is None:
            return None
        in_folder = self.weights.is_dir()  # which may hold what is left of a broken download
        needed = self.weights / "generator.pt" if in_folder else self.weights
        if needed.exists():
            return None
        way = f"; {self.get} brings them" if self.get else ""
        return f"no weights at {needed}{way}"


def _from_weights(
    about: str, k: int, reconstructor: str, weights: Path, get: str = "", **options: Any
) -> Entry:
    return Entry(about, k, reconstructor, lambda: load_weights(weights), weights, get, options)


def _small(name: str, about: str, k: int, reconstructor: str) -> Entry:
    """Made by this suite: bundled once it is trained."""
    path = BUNDLED / f"{name}.safetensors"
    return _from_weights(about, k, reconstructor, path, f"bench train-generator {name}")


def _published(
    name: str, about: str, k: int, reconstructor: str, file: str = "", **options: Any
) -> Entry:
    """Made by the authors of the architecture or of the method; downloaded, never bundled."""
    path = weights_home() / name / file
    return _from_weights(about, k, reconstructor, path, f"bench fetch {name}", **options)


GENERATORS = {
    "planted": Entry(
        "eight blobs, each a known factor; no training data", len(FACTORS), "lenet", Planted
    ),
    "mnist-sngan": _small(
        "mnist-sngan",
        "SNGAN ResNet-32, widths 128-64-32-32, trained on MNIST; bundled",
        64,
        "lenet",
    ),
    "anime-sngan-small": _small(
        "anime-sngan-small",
        "SNGAN ResNet-64 of reduced width, trained on anime faces; bundled",
        32,
        "lenet",
    ),
    "celeba-proggan-small": _small(
        "celeba-proggan-small",
        "ProgGAN to 64 pixels, trained on faces of CelebA; bundled",
        32,
        "lenet",
    ),
    "cifar-biggan-small": _small(
        "cifar-biggan-small",
        "conditional BigGAN of 32 pixels, trained on CIFAR-10; bundled",
        32,
        "lenet",
    ),
    "mnist-sngan-authors": _published(
        "mnist-sngan-authors",
        "SNGAN ResNet-32, width 256, MNIST; the authors' args.json and generator.pt",
        128,
        "lenet",
    ),
    "anime-sngan": _published(
        "anime-sngan",
        "SNGAN ResNet-64, anime faces; the authors' args.json and generator.pt",
        128,
        "lenet",
    ),
    "celebahq-proggan": _published(
        "celebahq-proggan",
        "ProgGAN to 1024 pixels, CelebA-HQ; Karras et al.'s snapshot",
        200,
        "resnet18",
        "100_celeb_hq_network-snapshot-010403.pth",
    ),
    "imagenet-biggan": _published(
        "imagenet-biggan",
        "BigGAN of 128 pixels, ILSVRC; Brock's G_ema.pth, the authors' class",
        120,
        "resnet18",
        "G_ema.pth",
        classes=[239],
    ),
}


def find_generator(reference: str) -> tuple[str, Entry]:
    """Name and entry of a known generator, a weights file or folder, or `path/to/file.py:callable`.

    Each may carry options, as in `imagenet-biggan?classes=207,239&truncation=0.5`; the name is
    without them. A generator of the user's own goes by the name of its file and callable, so its
    results do not depend on the folder it lies in. Raises BenchError where there is none or it
    cannot be used.
    """
    reference, _, query = reference.partition("?")
    name = reference
    if reference in GENERATORS:
        entry = GENERATORS[reference]
    elif ".py:" in reference:
        path, _, attribute = reference.rpartition(":")
        name = f"{Path(path).stem}-{attribute}"
        entry = Entry(f"from {reference}", 64, "lenet", lambda: _call(path, attribute))
    elif Path(reference).exists():
        name = Path(reference).stem
        entry = _from_weights(f"weights in {reference}", 64, "lenet", Path(reference))
    else:
        raise unknown("generator", reference, GENERATORS)
    if reason := entry.missing():
        raise BenchError(f"generator '{name}' is not available: {reason}")
    options = {**entry.options, **_parse_options(query)}
    if not options:
        return name, entry
    return name, replace(entry, options=options, load=lambda: _configured(entry.load(), options))


def with_options(reference: str, options: Mapping[str, Any]) -> str:
    """The reference that opens the same generator with these options above its own."""
    base, _, query = reference.partition("?")
    merged = {**_parse_options(query), **options}
    parts = []
    for name, value in merged.items():
        values = value if isinstance(value, list | tuple) else [value]
        parts.append(f"{name}={','.join(map(str, values))}")
    return f"{base}?{'&'.join(parts)}" if parts else base


def _parse_options(query: str) -> dict[str, Any]:
    """{"classes": [207, 239], "truncation": 0.5} from `classes=207,239&truncation=0.5`."""
    options: dict[str, Any] = {}
    for part in filter(None, query.split("&")):
        name, _, text = part.partition("=")
        if name not in OPTIONS:
            raise unknown("option of a generator", name, OPTIONS)
        try:
            values = [OPTIONS[name](value) for value in text.split(",")]
        except ValueError as error:
            raise BenchError(f"{name} wants {OPTIONS[name].__name__}s, not '{text}'") from error
        options[name] = values if name == "classes" else values[0]
    return options


def _configured(generator: Generator, options: Mapping[str, Any]) -> Generator:
    generator.configure(**options)
    return generator


def _call(path: str, attribute: str) -> Generator:
    """Import the file and return the Generator that its callable makes."""
    reference = f"{path}:{attribute}"
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if not Path(path).exists() or spec is None or spec.loader is None:
        raise BenchError(f"no Python file at {path}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        make = getattr(module, attribute)
        generator = make()
    except AttributeError as error:
        raise BenchError(f"{reference}: {error}") from error
    except Exception as error:  # the user's own code may fail in any way
        raise BenchError(f"{reference} failed: {type(error).__name__}: {error}") from error
    if not isinstance(generator, Generator):
        raise BenchError(
            f"{reference} returned a {type(generator).__name__}; "
            "it must return a benchmark.generators.base.Generator"
        )
    return generator
