"""Opening generators: by name, by path, and the user's own."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.core.storage import sha256
from benchmark.generators.catalogue import GENERATORS, Entry, available
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.planted import Planted
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import load_weights, save_weights
from benchmark.generators.usual import Usual
from tests.conftest import Install

OWN = """
from __future__ import annotations
from dataclasses import dataclass
import torch
from benchmark.generators.base import Generator, Usual

@dataclass(frozen=True)
class Space:
    psi: float = 1.0
    layers: tuple[int, ...] | None = None
    noise: bool = False

class Tiny(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    usual = Usual(k=5, max_shift=0.5)
    Options = Space
    chosen = None
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1024)
    def configure(self, options):
        self.chosen = options
    def forward(self, latents):
        return torch.tanh(self.layer(latents.point)).view(-1, 1, 32, 32)

class Unusual(Tiny):
    usual = {"k": 5}

class Unsettled(Tiny):
    @dataclass(frozen=True)
    class Options:
        psi: float

class Stubborn(Tiny):
    def configure(self, options):
        raise RuntimeError("psi?\\nno")

ready = Tiny()

class Shapeless(Generator):
    latent_dim = 4

class Idle(Tiny):
    configure = Generator.configure

def make():
    torch.manual_seed(0)
    return Tiny()

def absent_minded():
    return None

def wrong():
    return torch.nn.Linear(1, 1)

def fails():
    raise ValueError("no weights today")
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


@pytest.mark.parametrize("name", [n for n, entry in GENERATORS.items() if not entry.missing()])
def test_every_available_generator_keeps_its_promises(name: str) -> None:
    generator = find_generator(name)[1].load().eval()
    latents = generator.sample(5, stream("sample"))
    with torch.no_grad():
        images = generator(latents)
    assert latents.point.shape == (5, generator.latent_dim)
    assert images.shape == (5, *generator.image_shape)
    squashed = not isinstance(generator, ProgGAN | StyleGAN2)
    assert images.abs().max() <= (1.0 if squashed else 2.5)
    assert torch.equal(latents.point, generator.sample(5, stream("sample")).point)
    assert images.flatten(1).std(dim=0).max() > 0.02  # different z, different images


def test_the_bundled_digits_are_available() -> None:
    assert GENERATORS["mnist-sngan"].missing() is None
    assert GENERATORS["planted"].missing() is None


def test_a_generator_of_ones_own(module: Path) -> None:
    name, entry = find_generator(f"{module}:make")
    assert name == "mine-make"
    generator = entry.load()
    assert generator.latent_dim == 4
    assert generator.usual == Usual(5, "lenet", 0.5, 0.0)
    assert generator.code == sha256(module)
    assert find_generator("planted")[1].load().code == ""


def test_options_of_ones_own_generator_are_read_by_their_types(module: Path) -> None:
    reference = f"{module}:make?psi=0.5&layers=1,2&noise=true"
    chosen = find_generator(reference)[1].load().chosen
    assert (chosen.psi, chosen.layers, chosen.noise) == (0.5, (1, 2), True)
    assert find_generator(f"{module}:make")[1].load().chosen is None
    with pytest.raises(BenchError, match="unknown option of Tiny 'ps'; did you mean psi"):
        find_generator(f"{module}:make?ps=1")[1].load()
    with pytest.raises(BenchError, match=r"layers must be int,int,\.\.\., not 'a'"):
        find_generator(f"{module}:make?layers=a")[1].load()


def test_a_generator_that_fails_to_take_on_its_options_says_so_in_one_line(module: Path) -> None:
    with pytest.raises(BenchError) as caught:
        find_generator(f"{module}:Stubborn?psi=0.5")[1].load()
    assert str(caught.value).startswith(
        "the generator Stubborn cannot take on its options: RuntimeError: psi? no"
    )


@pytest.mark.parametrize(
    ("callable_name", "message"),
    [
        (
            "wrong",
            r"returned a value of type Linear; it must return a benchmark\.generators\.base\.Gen",
        ),
        ("fails", "fails cannot be made: ValueError: no weights today"),
        ("Shapeless", "does not say its image_shape"),
        ("ready", "ready is a network that is made already; name its class"),
        ("absnt", "unknown name in .* 'absnt'; did you mean absent_minded"),
        ("Unusual", r"has the usual terms .*; they must be a benchmark\.generators\.base\.Usual"),
        ("Unsettled", "its Options must be a dataclass, each field with a default"),
        ("Idle?psi=2", r"Idle has Options, but no configure\(\) that uses them"),
    ],
)
def test_a_callable_that_does_not_keep_the_bargain(
    module: Path, callable_name: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        find_generator(f"{module}:{callable_name}")[1].load()


def test_unknown_names_come_with_near_ones() -> None:
    with pytest.raises(BenchError, match="did you mean mnist-sngan"):
        find_generator("mnist-sgan")
    with pytest.raises(BenchError, match=r"no Python file at nowhere\.py"):
        find_generator("nowhere.py:make")[1].load()


def test_every_generator_of_the_paper_has_its_k_and_r() -> None:
    terms = {name: entry.usual for name, entry in GENERATORS.items()}
    assert terms["anime-sngan"] == Usual(128, "lenet", 6.0, 0.0)
    assert terms["celebahq-proggan"] == Usual(200, "resnet18", 6.0, 0.0)
    assert terms["imagenet-biggan"] == Usual(120, "resnet18", 6.0, 0.0)


@pytest.mark.parametrize("name", available())
def test_what_is_loaded_has_the_terms_of_its_entry(name: str) -> None:
    entry = GENERATORS[name]
    assert entry.load().usual == entry.usual


@pytest.mark.parametrize("name", ["anime-sngan", "celebahq-proggan", "imagenet-biggan"])
def test_a_published_generator_says_what_brings_it(name: str, tmp_path: Path) -> None:
    entry = replace(GENERATORS[name], weights=tmp_path / "none")
    assert entry.missing() == f"no weights at {tmp_path / 'none'}; bench fetch {name} brings them"


@pytest.fixture
def conditional(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "dogs.safetensors"
    save_weights(BigGAN(32, latent_dim=8, width=2, n_classes=9, shared_dim=3), path, {})
    return path


def test_options_of_a_reference_reach_the_generator(conditional: Path) -> None:
    name, entry = find_generator(f"{conditional}?classes=7,2&truncation=0.5")
    assert name == "dogs"
    assert entry.options == {"classes": "7,2", "truncation": "0.5"}
    latents = entry.load().sample(50, stream("z"))
    assert latents.labels is not None
    assert set(latents.labels.tolist()) == {2, 7}
    assert latents.point.abs().max() <= 0.5
    assert find_generator(str(conditional))[1].options == {}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("clases=1", "unknown option of BigGAN 'clases'; did you mean classes"),
        ("classes=dog", r"classes must be int,int,\.\.\., not 'dog'"),
        ("classes=9", "classes are whole numbers from 0 to 8"),
        ("truncation=", "truncation must be float, not ''"),
    ],
)
def test_options_that_are_none(conditional: Path, query: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        find_generator(f"{conditional}?{query}")[1].load()


def test_a_generator_without_classes_says_so() -> None:
    with pytest.raises(
        BenchError, match=r"the generator Planted has no options; leave out 'classes'"
    ):
        find_generator("planted?classes=1")[1].load()


def test_weights_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "none"
    entry = Entry("absent", lambda: load_weights(path), weights=path)
    monkeypatch.setitem(GENERATORS, "absent", entry)
    with pytest.raises(BenchError, match="'absent' is not available: no weights at"):
        find_generator("absent")


def test_a_folder_goes_by_its_name_also_from_inside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "dogs" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "dogs")
    for reference in (".", "inner/..", "../dogs"):
        with pytest.raises(BenchError, match="generator 'dogs' is not available: no weights"):
            find_generator(reference)


def test_a_folder_that_a_broken_download_left_is_not_available(tmp_path: Path) -> None:
    entry = replace(GENERATORS["anime-sngan"], weights=tmp_path)
    (tmp_path / "args.json").write_text("{}")
    assert "no weights at" in (entry.missing() or "")
    (tmp_path / "generator.pt").touch()
    assert entry.missing() is None


def test_a_generator_of_an_installed_package_is_opened_by_its_name(install: Install) -> None:
    offered = {"zebra": "make", "lion": "fails", "planted": "make"}  # one that fails, one of ours
    offers = {"generators": {name: f"gan_zoo_plugin:{made}" for name, made in offered.items()}}
    install("gan-zoo 1.0", OWN, offers)
    name, entry = find_generator("zebra?psi=0.5")
    generator = entry.load()
    assert (name, generator.code, generator.chosen.psi) == ("zebra", "gan-zoo 1.0", 0.5)
    assert isinstance(find_generator("planted")[1].load(), Planted)
    with pytest.raises(BenchError) as caught:
        find_generator("lion")[1].load()
    assert str(caught.value).startswith(
        "'lion' of package gan-zoo 1.0 cannot be made: ValueError: no weights today"
    )
    with pytest.raises(BenchError, match="unknown generator 'zebr'; did you mean zebra"):
        find_generator("zebr")
