"""Opening generators: by name, by path, and the user's own."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators import registry
from benchmark.generators.biggan import BigGAN
from benchmark.generators.proggan import ProgGAN
from benchmark.generators.registry import GENERATORS, find_generator, with_options
from benchmark.generators.stored import save_weights

OWN = """
import torch
from benchmark.generators.base import Generator

class Tiny(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1024)
    def forward(self, latents):
        return torch.tanh(self.layer(latents.point)).view(-1, 1, 32, 32)

def make():
    torch.manual_seed(0)
    return Tiny()

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
    within = 2.0 if isinstance(generator, ProgGAN) else 1.0  # whose images are not squashed
    assert images.abs().max() <= within
    assert torch.equal(latents.point, generator.sample(5, stream("sample")).point)
    assert images.flatten(1).std(dim=0).max() > 0.02  # different z, different images


def test_the_bundled_digits_are_available() -> None:
    assert GENERATORS["mnist-sngan"].missing() is None
    assert GENERATORS["planted"].missing() is None


def test_a_generator_of_ones_own(module: Path) -> None:
    name, entry = find_generator(f"{module}:make")
    assert name == "mine-make"
    assert entry.load().latent_dim == 4


@pytest.mark.parametrize(
    ("callable_name", "message"),
    [
        ("wrong", r"returned a Linear; it must return a benchmark\.generators\.base\.Generator"),
        ("fails", "failed: ValueError: no weights today"),
        ("absent", "absent"),
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
    terms = {name: (entry.k, entry.reconstructor) for name, entry in GENERATORS.items()}
    assert terms["anime-sngan"] == (128, "lenet")
    assert terms["celebahq-proggan"] == (200, "resnet18")
    assert terms["imagenet-biggan"] == (120, "resnet18")


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
    assert entry.options == {"classes": [7, 2], "truncation": 0.5}
    latents = entry.load().sample(50, stream("z"))
    assert latents.labels is not None
    assert set(latents.labels.tolist()) == {2, 7}
    assert latents.point.abs().max() <= 0.5
    assert find_generator(str(conditional))[1].options == {}


def test_options_are_written_as_they_are_read(conditional: Path) -> None:
    reference = with_options(f"{conditional}?classes=7", {"classes": [1, 2], "truncation": 0.25})
    assert reference == f"{conditional}?classes=1,2&truncation=0.25"
    assert find_generator(reference)[1].options == {"classes": [1, 2], "truncation": 0.25}
    assert with_options(str(conditional), {}) == str(conditional)
    assert with_options("g", {"classes": 3}) == "g?classes=3"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("clases=1", "unknown option of a generator 'clases'; did you mean classes"),
        ("classes=dog", "classes wants ints, not 'dog'"),
        ("classes=9", "classes are whole numbers from 0 to 8"),
        ("truncation=", "truncation wants floats, not ''"),
    ],
)
def test_options_that_are_none(conditional: Path, query: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        find_generator(f"{conditional}?{query}")[1].load()


def test_a_generator_without_classes_says_so() -> None:
    with pytest.raises(BenchError, match="a Planted has no classes and no truncation to choose"):
        find_generator("planted?classes=1")[1].load()


def test_weights_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = registry._from_weights("absent", 8, "lenet", tmp_path / "none")
    monkeypatch.setitem(GENERATORS, "absent", entry)
    with pytest.raises(BenchError, match="'absent' is not available: no weights at"):
        find_generator("absent")


def test_a_folder_that_a_broken_download_left_is_not_available(tmp_path: Path) -> None:
    entry = replace(GENERATORS["anime-sngan"], weights=tmp_path)
    (tmp_path / "args.json").write_text("{}")
    assert "no weights at" in (entry.missing() or "")
    (tmp_path / "generator.pt").touch()
    assert entry.missing() is None
