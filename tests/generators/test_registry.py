"""Opening generators: by name, by path, and the user's own."""

from pathlib import Path

import pytest
import torch

from benchmark.errors import BenchError
from benchmark.generators import registry
from benchmark.generators.registry import GENERATORS, find_generator
from benchmark.seeds import stream

OWN = """
import torch
from benchmark.generators.base import Generator

class Tiny(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1024)
    def forward(self, latents):
        return torch.tanh(self.layer(latents.z)).view(-1, 1, 32, 32)

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
    assert latents.z.shape == (5, generator.latent_dim)
    assert images.shape == (5, *generator.image_shape)
    assert images.abs().max() <= 1.0
    assert torch.equal(latents.z, generator.sample(5, stream("sample")).z)
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


def test_weights_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = registry._from_weights("absent", 8, "lenet", tmp_path / "none")
    monkeypatch.setitem(GENERATORS, "absent", entry)
    with pytest.raises(BenchError, match="'absent' is not available: no weights at"):
        find_generator("absent")
