"""A generator of somebody's own: its faults are named before anything is computed."""

from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.generators.registry import find_generator

GOOD = """
import torch
from torch import nn
from benchmark.generators.base import Generator, Latents

class Mine(Generator):
    latent_dim, image_shape = 4, (1, 8, 8)
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(64)
    def sample(self, n, rng):
        return Latents(torch.randn(n, 4, generator=rng))
    def forward(self, latents):
        return torch.tanh(self.norm(latents.point.repeat(1, 16))).view(-1, 1, 8, 8)
"""


def opened(folder: Path, source: str):
    (folder / "mine.py").write_text(source)
    return find_generator(f"{folder / 'mine.py'}:Mine")[1].load()


def test_a_trial_leaves_the_generator_as_it_was_made(tmp_path: Path) -> None:
    generator = opened(tmp_path, GOOD)
    assert not generator.training
    assert generator.norm.num_batches_tracked == 0


def test_a_generator_that_does_not_say_its_size_is_told_so(tmp_path: Path) -> None:
    source = GOOD.replace("latent_dim, image_shape = 4,", "image_shape =")
    assert source != GOOD
    with pytest.raises(BenchError, match=r"mine\.py:Mine does not say its latent_dim"):
        opened(tmp_path, source)


def test_a_file_without_a_name_in_it_is_told_so() -> None:
    with pytest.raises(BenchError, match=r"mine\.py is a Python file: .* mine\.py:NAME"):
        find_generator("mine.py")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ('prior = "uniform"', "has the prior 'uniform'; it must be one of benchmark.generators"),
        ("n_classes = range(10)", r"has n_classes range\(0, 10\); it must be a whole number"),
        ("n_classes = -1", "has n_classes -1; it must be a whole number"),
    ],
)
def test_a_prior_or_classes_of_another_kind_are_told(tmp_path: Path, own: str, words: str) -> None:
    with pytest.raises(BenchError, match=words):
        opened(tmp_path, GOOD.replace("    def __init__", f"    {own}\n    def __init__"))


def test_a_bare_network_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"a value of type Linear; .* see docs/OWN_GENERATORS\.md"):
        opened(tmp_path, "from torch import nn\n\ndef Mine():\n    return nn.Linear(4, 64)\n")
