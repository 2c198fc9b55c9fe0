"""The generators there are, and how any generator is opened by name, file or import path."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchError, unknown
from benchmark.generators.base import Generator
from benchmark.generators.planted import FACTORS, Planted
from benchmark.generators.weights import load_weights

BUNDLED = Path(__file__).parent / "weights"


def weights_home() -> Path:
    """Where weights that are not bundled lie: $BENCH_WEIGHTS, else the user's cache folder."""
    return Path(os.environ.get("BENCH_WEIGHTS", "~/.cache/latent-direction-bench")).expanduser()


@dataclass(frozen=True)
class Entry:
    """One generator the suite knows: what it is, its usual K and R, and how it is opened.

    weights: the file or folder it loads, or None if it needs none.
    """

    about: str
    k: int
    reconstructor: str
    load: Callable[[], Generator]
    weights: Path | None = None

    def missing(self) -> str | None:
        """Why it cannot be used here, or None."""
        if self.weights is None or self.weights.exists():
            return None
        return f"no weights at {self.weights}"


def _from_weights(about: str, k: int, reconstructor: str, weights: Path) -> Entry:
    return Entry(about, k, reconstructor, lambda: load_weights(weights), weights)


GENERATORS = {
    "planted": Entry(
        "a blob with eight known factors; no training data", len(FACTORS), "lenet", Planted
    ),
    "mnist-sngan": _from_weights(
        "SNGAN ResNet-32, widths 128-64-32-32, trained on MNIST; bundled", 64, "lenet",
        BUNDLED / "mnist-sngan.safetensors",
    ),
    "mnist-sngan-authors": _from_weights(
        "SNGAN ResNet-32, width 256, MNIST; the authors' args.json and generator.pt", 128, "lenet",
        weights_home() / "mnist-sngan",
    ),
    "anime-sngan-authors": _from_weights(
        "SNGAN ResNet-64, anime faces; the authors' args.json and generator.pt", 128, "lenet",
        weights_home() / "anime-sngan",
    ),
}  # fmt: skip


def find_generator(reference: str) -> tuple[str, Entry]:
    """Name and entry of a known generator, a weights file or folder, or `path/to/file.py:callable`.

    A generator of the user's own goes by the name of its file and callable, so its results do not
    depend on the folder it lies in. Raises BenchError where there is none or it cannot be used.
    """
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
    return name, entry


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
