"""From images to weights with a card, in one call; interrupted or repeated, nothing is lost."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.errors import BenchError
from benchmark.gan.command import RECIPES, Recipe, train_generator
from benchmark.gan.images import ImageSet
from benchmark.gan.training import GanConfig
from benchmark.generators.sngan import SNGAN
from benchmark.generators.weights import load_weights, weights_hash
from benchmark.storage import sha256

TINY = Recipe(
    make=lambda: SNGAN(6, (4, 4, 4), 3),
    config=GanConfig(steps=4, batch=8, critic_width=4, checkpoint_every=2),
    data="bars",
    terms="none",
)


@pytest.fixture
def data(train: ImageSet, test: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    path = tmp_path / "bars.npz"
    arrays = {}
    for split, images in (("train", train), ("test", test)):
        assert images.labels is not None
        arrays[f"x_{split}"] = images.images.permute(0, 2, 3, 1).numpy()
        arrays[f"y_{split}"] = images.labels.numpy()
    np.savez(path, **arrays)
    return path


def test_weights_card_and_sheet(data: Path, tmp_path: Path) -> None:
    trained = train_generator("tiny", data, tmp_path / "out")

    loaded = load_weights(trained.weights)
    assert loaded.image_shape == (3, 16, 16)
    card = trained.card.read_text()
    assert sha256(trained.weights) in card
    assert weights_hash(loaded) in card
    assert f"{trained.quality.confidence:.4f}" in card
    assert "4 steps of 8 images" in card
    assert "--data bars.npz --steps 4" in card
    assert str(tmp_path) not in card
    sheet = re.search(r"!\[.*\]\((.*)\)", card)
    assert sheet is not None
    assert trained.card.with_name(sheet[1]) == trained.sheet
    with Image.open(trained.sheet) as picture:
        assert picture.size == (10 * 34 + 2, 10 * 34 + 2)
    assert trained.quality.samples == 300


def test_repeating_it_trains_nothing_anew(data: Path, tmp_path: Path) -> None:
    first = train_generator("tiny", data, tmp_path / "out")
    kept = [tmp_path / "out" / name for name in ("checkpoint.pt", "judge.safetensors")]
    written = [path.stat().st_mtime_ns for path in kept]
    second = train_generator("tiny", data, tmp_path / "out")
    assert [path.stat().st_mtime_ns for path in kept] == written
    assert second == first


def test_other_steps_do_not_continue(data: Path, tmp_path: Path) -> None:
    train_generator("tiny", data, tmp_path / "out")
    with pytest.raises(BenchError, match="another steps"):
        train_generator("tiny", data, tmp_path / "out", steps=5)


def test_the_bundled_recipe_starts_from_its_seed() -> None:
    recipe = RECIPES["mnist-sngan"]
    torch.manual_seed(recipe.config.seed)
    generator = recipe.make()
    assert generator.image_shape == (1, 32, 32)
    torch.manual_seed(0)
    assert weights_hash(generator) == weights_hash(SNGAN(128, (128, 64, 32, 32), 1))


def test_unknown_names_and_no_steps(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"'mnist-sngen'; did you mean mnist-sngan\?"):
        train_generator("mnist-sngen", data, tmp_path / "out")
    with pytest.raises(BenchError, match="steps must be at least 1"):
        train_generator("tiny", data, tmp_path / "out", steps=0)
    assert not (tmp_path / "out").exists()


def test_unlabelled_images_are_told_before_the_training(data: Path, tmp_path: Path) -> None:
    with np.load(data) as arrays:
        np.savez(tmp_path / "plain.npz", x_train=arrays["x_train"], x_test=arrays["x_test"])
    with pytest.raises(BenchError, match="judging needs classes"):
        train_generator("tiny", tmp_path / "plain.npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()
