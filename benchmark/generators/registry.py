"""The known generators, and how any generator is opened by name, file or import path."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line
from benchmark.core.plugins import Offer, check_reference, from_file, installed, is_file, name_of
from benchmark.generators.base import Generator, Usual
from benchmark.generators.options import read_options, split_reference
from benchmark.generators.planted import Planted
from benchmark.generators.stored import load_weights
from benchmark.generators.trial import tried

BUNDLED = Path(__file__).parent / "weights"


def weights_home() -> Path:
    """The folder of weights that are not bundled: $BENCH_WEIGHTS, else the user's cache folder."""
    return Path(os.environ.get("BENCH_WEIGHTS", "~/.cache/latent-direction-bench")).expanduser()


@dataclass(frozen=True)
class Entry:
    """One generator the suite knows: what it is, its usual terms, and how it is opened.

    usual: None where only the generator itself knows its terms. make: makes the generator; `load`
    gives it terms and options too. weights: the file or folder it loads, or None if it needs none.
    get: the command that downloads or makes the weights. options: given options, as texts by name.
    trained_on: the data set whose bundled judge knows what its images show, or "".
    """

    about: str
    make: Callable[[], Generator]
    usual: Usual | None = None
    weights: Path | None = None
    get: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    trained_on: str = ""

    def load(self) -> Generator:
        """The generator with its usual terms, its options chosen; raises BenchError."""
        generator = self.make()
        if self.usual is not None:
            generator.usual = self.usual
        generator.trained_on = self.trained_on
        if chosen := read_options(generator, self.options):
            what = f"the generator {type(generator).__name__} cannot take on its options"
            in_one_line(what, lambda: generator.configure(generator.Options(**chosen)))
        return generator

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


def _small(name: str, about: str, k: int, trained_on: str = "") -> Entry:
    """The entry of a generator that this suite trains and bundles."""
    path = BUNDLED / f"{name}.safetensors"
    get = f"bench train-generator {name}"
    return Entry(about, lambda: load_weights(path), Usual(k), path, get, trained_on=trained_on)


def _published(
    name: str, about: str, k: int, reconstructor: str, file: str = "", **options: str
) -> Entry:
    """The entry of a generator that authors of architecture or method publish; never bundled."""
    path = weights_home() / name / file
    usual = Usual(k, reconstructor)
    return Entry(about, lambda: load_weights(path), usual, path, f"bench fetch {name}", options)


GENERATORS = {
    "planted": Entry("eight blobs, each a known factor; no training data", Planted, Planted.usual),
    "mnist-sngan": _small(
        "mnist-sngan",
        "SNGAN ResNet-32, widths 128-64-32-32, trained on MNIST; bundled",
        64,
        "mnist",
    ),
    "anime-sngan-small": _small(
        "anime-sngan-small",
        "SNGAN ResNet-64 of reduced width, trained on anime faces; bundled",
        32,
    ),
    "celeba-proggan-small": _small(
        "celeba-proggan-small",
        "ProgGAN to 64 pixels, trained on faces of CelebA; bundled",
        32,
        "celeba",
    ),
    "cifar-biggan-small": _small(
        "cifar-biggan-small",
        "conditional BigGAN of 32 pixels, trained on CIFAR-10; bundled",
        32,
        "cifar",
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
        classes="239",
    ),
}


def available() -> tuple[str, ...]:
    """Names of the suite's own generators that can be used here."""
    return tuple(name for name, entry in GENERATORS.items() if not entry.missing())


def find_generator(reference: str) -> tuple[str, Entry]:
    """Name and entry of a known generator, one of an installed package, a weights file or folder,
    or `path/to/file.py:callable`.

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
        entry = Entry(f"weights in {base}", lambda: load_weights(Path(base)), weights=Path(base))
    elif offer := installed("generators").get(base):
        entry = Entry(f"from package {offer.package}", lambda: _offered(offer))
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
    loaded = from_file(reference, lambda make: tried(make(), reference))
    return _of(loaded.value, loaded.code)


def _offered(offer: Offer) -> Generator:
    """What the callable of an installed package makes, with the package's version."""
    make = offer.load()
    made = in_one_line(f"{offer} cannot be made", make.value)
    return _of(tried(made, str(offer)), make.code)


def _of(generator: Generator, code: str) -> Generator:
    generator.code = code
    return generator
