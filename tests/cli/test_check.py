"""`bench check`: every point with its state, what is missing, and an exit code."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli.main import main
from benchmark.generators.catalogue import BUNDLED

OWN = """
import torch
from torch import nn
from benchmark.generators.base import Generator, Usual

class Plain(Generator):
    latent_dim, image_shape = 8, (10, 28, 28)
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Linear(8, 10 * 28 * 28)
    def forward(self, latents):
        return torch.tanh(self.net(latents.point)).unflatten(1, self.image_shape)

class Rich(Plain):
    usual = Usual(k=16, max_shift=2.0)
    def first_layer(self):
        return self.net.weight.detach()
    def feature_layers(self):
        return ("net",)

class Turned(Rich):
    def first_layer(self):
        return self.net.weight.detach().T

class Bytes(Plain):
    def forward(self, latents):
        return super().forward(latents) * 127.5 + 127.5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def check(*references: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, references)])


def test_a_sound_generator_is_told_its_notes_and_what_it_lacks(file: Path) -> None:
    result = check(f"{file}:Plain")
    assert result.exit_code == 0, result.output
    assert result.output.count("  ok ") == 12
    assert "its images have 10 channels, and a picture has 1 or 3" in result.output
    assert "which are the defaults; set `usual` where others fit better" in result.output
    assert "first layer: none, so methods that look at it cannot run" in result.output
    assert "features of: none, so methods that look at it cannot run" in result.output
    assert "options: none" in result.output


def test_what_a_generator_offers_is_shown(file: Path) -> None:
    result = check(f"{file}:Rich")
    assert "usual terms: k 16, lenet, max_shift 2\n" in result.output
    assert "first layer: 7840 features" in result.output
    assert "features of: net" in result.output
    turned = check(f"{file}:Turned")
    assert turned.exit_code == 0
    assert "first_layer() gives (8, 7840); it should give (features, 8)" in turned.output


def test_a_fault_is_shown_where_it_was_found_and_ends_with_1(file: Path) -> None:
    result = check("planted", f"{file}:Bytes")
    assert result.exit_code == 1
    good, bad = result.output.split("own-Bytes")
    assert "fault" not in good
    assert "  fault images have the shape, type and range that they should" in bad
    assert "bring images to [-1, 1], as in images / 127.5 - 1" in bad


def test_weights_files_are_checked_too() -> None:
    result = check(BUNDLED / "mnist-sngan.safetensors")
    assert result.exit_code == 0
    assert "  fault " not in result.output


def test_what_cannot_be_opened_is_one_line_and_code_2() -> None:
    result = check("mnist-sgan")
    assert result.exit_code == 2
    assert "did you mean mnist-sngan" in result.output
    assert len(result.output.strip().splitlines()) == 1
