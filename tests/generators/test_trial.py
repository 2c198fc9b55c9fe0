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
