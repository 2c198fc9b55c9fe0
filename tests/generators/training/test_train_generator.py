"""From images to weights with a card, in one call; interrupted or repeated, nothing is lost."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.family import Family
from benchmark.generators.stored import load_weights, weights_hash
from benchmark.generators.training import adversarial as training
from benchmark.generators.training.augmentation import KINDS
from benchmark.generators.training.game import GanConfig
from benchmark.generators.training.real_images import Crop, ImageSet
from benchmark.generators.training.recipes import RECIPES, Recipe
from benchmark.generators.training.train_generator import train_generator

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
    assert f"{trained.quality.made.confidence:.4f}" in card
    assert "4 steps of 8 images" in card
    assert "--data bars.npz --steps 4" in card
    assert str(tmp_path) not in card
    sheet = re.search(r"!\[.*\]\((.*)\)", card)
    assert sheet is not None
    assert trained.card.with_name(sheet[1]) == trained.sheet
    with Image.open(trained.sheet) as picture:
        assert picture.size == (10 * 34 + 2, 10 * 34 + 2)
    assert trained.quality.samples == 300
    assert "After the first 1 steps of its training" in card
    assert trained.quality.early_frechet != trained.quality.made.frechet


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


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("what", ["images", "generator", "seed", "steps"])
def test_another_training_into_the_same_folder_is_refused_and_changes_nothing(
    what: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    train_generator("tiny", data, out)
    before, steps = contents(out), None
    if what == "images":
        with np.load(data) as arrays:
            others = {name: arrays[name] for name in arrays.files}
        others["x_train"] = others["x_train"].copy()
        others["x_train"][0, 0, 0, 0] ^= 1  # one bit of one pixel
        data = tmp_path / "others.npz"
        np.savez(data, **others)
    elif what == "generator":
        other = replace(TINY, make=lambda: SNGAN(6, (4, 4, 6), 3))
        monkeypatch.setitem(RECIPES, "tiny", other)
    elif what == "seed":
        other = replace(TINY, config=replace(TINY.config, seed=TINY.config.seed + 1))
        monkeypatch.setitem(RECIPES, "tiny", other)
    else:
        steps = 5
    with pytest.raises(BenchError, match=f"trained with another .*{what}") as caught:
        train_generator("tiny", data, out, steps)
    assert "\n" not in str(caught.value)
    assert contents(out) == before


def test_the_bundled_recipe_starts_from_its_seed() -> None:
    recipe = RECIPES["mnist-sngan"]
    torch.manual_seed(recipe.config.seed)
    generator = recipe.make()
    assert generator.image_shape == (1, 32, 32)
    torch.manual_seed(0)
    assert weights_hash(generator) == weights_hash(SNGAN(128, (128, 64, 32, 32), 1))


def test_unknown_names_and_no_steps(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"'mnist-sngen'; did you mean mnist-sngan"):
        train_generator("mnist-sngen", data, tmp_path / "out")
    with pytest.raises(BenchError, match="steps must be at least 1"):
        train_generator("tiny", data, tmp_path / "out", steps=0)
    assert not (tmp_path / "out").exists()


def test_images_without_classes_are_judged_by_contrast(data: Path, tmp_path: Path) -> None:
    with np.load(data) as arrays:
        np.savez(tmp_path / "plain.npz", x_train=arrays["x_train"], x_test=arrays["x_test"])
    first = train_generator("tiny", tmp_path / "plain.npz", tmp_path / "out")
    card = first.card.read_text()
    assert "to know an image again" in card
    assert "Share of each class" not in card
    assert train_generator("tiny", tmp_path / "plain.npz", tmp_path / "out") == first


def test_faces_with_attributes_are_judged_by_them(
    train: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, held_out=10))
    assert train.labels is not None
    rows = ["image,Top,Below"]
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for i, (image, place) in enumerate(
            zip(train.images[:300], train.labels.tolist(), strict=False)
        ):
            buffer = io.BytesIO()
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(buffer, format="PNG")
            archive.writestr(f"{i}.png", buffer.getvalue())
            rows.append(f"{i}.png,{int(place == 0)},{int(place == 2)}")
        archive.writestr("attributes.csv", "\n".join(rows))
    card = train_generator("tiny", tmp_path / "faces.zip", tmp_path / "out").card.read_text()
    assert "tell their 2 attributes" in card
    assert "| Is each attribute made as often?" in card


@pytest.mark.parametrize("family", ["proggan", "biggan", "stylegan2"])
def test_the_other_families(
    family: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CALIBRATION_LATENTS", 256)
    makes: dict[str, Callable[[], Family]] = {
        "proggan": lambda: ProgGAN(6, (4, 4, 4), 3),
        "biggan": lambda: BigGAN(32, latent_dim=8, width=1, n_classes=3, shared_dim=2),
        "stylegan2": lambda: StyleGAN2(16, z_dim=6, w_dim=5, channels=(4, 4, 4)),
    }
    config = replace(TINY.config, augment=KINDS, mirror=True, r1=0.5)
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, make=makes[family], config=config))
    trained = train_generator("tiny", data, tmp_path / "out")
    loaded = load_weights(trained.weights)
    assert isinstance(loaded, Family)
    assert loaded.family == family
    assert f"| Architecture | name {family}, " in trained.card.read_text()


def test_a_source_without_test_images_keeps_some(
    train: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(TINY, held_out=10, crop=Crop((2, 2, 14, 14), of=(16, 16)))
    monkeypatch.setitem(RECIPES, "tiny", recipe)
    np.savez(tmp_path / "bars.npz", x_train=train.images.permute(0, 2, 3, 1).numpy())
    trained = train_generator("tiny", tmp_path / "bars.npz", tmp_path / "out")
    assert trained.quality.samples == 90
    assert "| Training images | 810, " in trained.card.read_text()


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_makes_a_generator_of_its_family_and_size(name: str) -> None:
    recipe = RECIPES[name]
    generator = recipe.make()
    side = 64 if recipe.held_out else 32
    assert generator.image_shape == (1 if name.startswith("mnist") else 3, side, side)
    assert name.split("-")[1] == generator.family
    assert sum(p.numel() for p in generator.parameters()) < 6e6  # 12 MB each in float16
    usual = GENERATORS[name].usual
    assert usual is not None
    assert usual.k <= generator.latent_dim
