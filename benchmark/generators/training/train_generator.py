"""Behind `bench train-generator`: train a generator, judge it, and leave weights with a card."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmark.core.contact_sheet import contact_sheet
from benchmark.core.device import device_name, versions
from benchmark.core.errors import unknown
from benchmark.core.storage import sha256, write_atomically, write_text
from benchmark.generators.family import Family
from benchmark.generators.stored import load_family, save_weights, weights_hash
from benchmark.generators.training.adversarial import (
    EARLY,
    GanTraining,
    sheet_latents,
)
from benchmark.generators.training.card import model_card
from benchmark.generators.training.continuing import check_continues
from benchmark.generators.training.judge_training import trained_judge
from benchmark.generators.training.real_images import load_images
from benchmark.generators.training.recipes import RECIPES
from benchmark.generators.training.sample_quality import Quality, measure
from benchmark.generators.training.scalars import check_extra


@dataclass(frozen=True)
class Trained:
    """What a training leaves: three files, and what the judge saw."""

    weights: Path
    card: Path
    sheet: Path
    quality: Quality


def train_generator(
    name: str, data: Path, out: Path, steps: int | None = None, device: str = "cpu"
) -> Trained:
    """Train the recipe `name` on the images at `data`, judge it, write all into `out`.

    Continues from the checkpoint in `out`, and leaves one on Ctrl-C. steps: in place of the
    recipe's. The quality is that of the weights as they load from the file. Raises BenchError where
    `out` holds a training of other data, another recipe or other steps; nothing in it changes then.
    """
    if name not in RECIPES:
        raise unknown("trainable generator", name, RECIPES)
    check_extra()
    recipe = RECIPES[name]
    config = recipe.config if steps is None else replace(recipe.config, steps=steps)
    torch.manual_seed(config.seed)
    generator = recipe.make()  # before all else that draws from torch's global stream
    train = load_images(data, generator.image_shape, "train", config.batch, recipe.crop)
    if recipe.held_out:
        train, test = train.held_out(recipe.held_out)
    else:
        test = load_images(data, generator.image_shape, "test", crop=recipe.crop)

    check_continues(out, generator, train, config)
    judge = trained_judge(train, test, out / "judge.safetensors", device)  # also a check of data
    training = GanTraining(generator, train, config, device)
    finished = training.run(out)
    weights = out / f"{name}.safetensors"
    save_weights(finished, weights, {"generator": name, "steps": str(config.steps), **versions()})
    loaded = load_family(weights).to(device)

    young = load_family(out / EARLY).to(device)
    quality = measure(loaded, judge, train, test, young, config.early_step)
    sheet, card = out / f"{name}.png", out / f"{name}.md"
    _draw(loaded, sheet)
    facts = {
        "Data": recipe.data,
        "Terms": recipe.terms,
        "Training images": f"{len(train):,}, SHA-256 {train.fingerprint()}",
        **_facts(loaded, training, device),
        "Weights": f"float16, {weights.stat().st_size / 1e6:.2f} MB, SHA-256 {sha256(weights)}",
        "Identity": f"`{weights_hash(loaded)}`, the hash of the weights in float32",
        "Made with": f"`bench train-generator {name} --data {data.name} --steps {config.steps}`",
    }
    text = model_card(name, facts, quality)
    write_text(card, text)
    return Trained(weights, card, sheet, quality)


def _facts(generator: Family, training: GanTraining, device: str) -> dict[str, str]:
    config = training.config
    size = sum(p.numel() for p in generator.parameters())
    shape = " x ".join(map(str, generator.image_shape))
    parts = {"name": generator.family, **generator.architecture()}
    described = ", ".join(f"{key} {_words(value)}" for key, value in parts.items())
    critic = sum(p.numel() for p in training.critic.parameters())
    penalty = f", gradient penalty {config.r1:g}" if config.r1 else ""
    disturbed = f", all images augmented: {', '.join(config.augment)}" if config.augment else ""
    mirrored = ", real images mirrored" if config.mirror else ""
    return {
        "Architecture": f"{described}, images {shape}, {size:,} parameters",
        "Training": f"{training.game.words(config)} ({critic:,} parameters)"
        f"{penalty}{disturbed}{mirrored}, {config.steps:,} steps of {config.batch} images, "
        f"Adam at {config.lr_generator:g} and {config.lr_critic:g}, {config.schedule}, "
        f"weights averaged at {config.ema:g}, "
        f"{'bfloat16' if training.in_bfloat16 else 'float32'}, seed {config.seed}",
        "Time": f"{training.seconds:,.0f} s on {device_name(device)}",
        "Versions": ", ".join(f"{k.removesuffix('_version')} {v}" for k, v in versions().items()),
    }


def _words(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _draw(generator: Family, path: Path) -> None:
    """Save a sheet of a hundred samples at twice their size."""
    device = next(generator.parameters()).device
    images = generator(sheet_latents(generator).to(device))  # (100, C, H, W)
    sheet = contact_sheet(images, columns=10, scale=2)
    write_atomically(path, lambda part: sheet.save(part, format="PNG"))
