"""The generators that the suite knows. The list can be read without torch, whose import takes a
second."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.reading import read_text
from benchmark.generators.usual import Usual

if TYPE_CHECKING:
    from benchmark.generators.base import Generator

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
        from benchmark.core.failures import in_one_line
        from benchmark.generators.options import read_options

        generator = self.make()
        if self.usual is not None:
            generator.usual = self.usual
        generator.trained_on = self.trained_on
        if chosen := read_options(generator, self.options):
            what = f"the generator {type(generator).__name__} cannot take on its options"
            in_one_line(what, lambda: generator.configure(generator.Options(**chosen)))
        return generator

    def terms(self) -> str:
        """The terms of bundled weights, as the card beside them says; "" of all others."""
        if self.weights is None or self.weights.parent != BUNDLED:
            return ""
        rows = (line.split("|") for line in read_text(self.weights.with_suffix(".md")).splitlines())
        return next((row[2].strip() for row in rows if row[1:2] == [" Terms "]), "")

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


def _planted() -> Generator:
    from benchmark.generators.families.planted import Planted

    return Planted()


def _stored(path: Path) -> Generator:
    from benchmark.generators.stored import load_weights

    return load_weights(path)


def _small(name: str, about: str, k: int, trained_on: str = "") -> Entry:
    """The entry of a generator that this suite trains and bundles."""
    path = BUNDLED / f"{name}.safetensors"
    get = f"bench train-generator {name}"
    return Entry(about, lambda: _stored(path), Usual(k), path, get, trained_on=trained_on)


def _published(
    name: str, about: str, k: int, reconstructor: str, file: str = "", **options: str
) -> Entry:
    """The entry of a generator that authors of architecture or method publish; never bundled."""
    path = weights_home() / name / file
    usual = Usual(k, reconstructor)
    return Entry(about, lambda: _stored(path), usual, path, f"bench fetch {name}", options)


GENERATORS = {
    "planted": Entry("eight blobs, each a known factor; no training data", _planted, Usual(8)),
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
    "celeba-stylegan2-small": _small(
        "celeba-stylegan2-small",
        "StyleGAN2 of 64 pixels with a w of 128, trained on faces of CelebA; bundled",
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
