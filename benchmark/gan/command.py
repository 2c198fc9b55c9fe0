"""Behind `bench train-generator`: train a generator, judge it, and leave weights with a card."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmark.device import device_name
from benchmark.directions import versions
from benchmark.errors import unknown
from benchmark.gan.card import model_card
from benchmark.gan.images import load_images
from benchmark.gan.judge import trained_judge
from benchmark.gan.quality import Quality, measure
from benchmark.gan.training import GanConfig, GanTraining
from benchmark.generators.base import Generator
from benchmark.generators.sngan import SNGAN
from benchmark.generators.weights import load_weights, save_weights, weights_hash
from benchmark.pictures import contact_sheet
from benchmark.storage import sha256, write_atomically


@dataclass(frozen=True)
class Recipe:
    """How a generator is made. data, terms: what the card says of the images and their use."""

    make: Callable[[], SNGAN]
    config: GanConfig
    data: str
    terms: str


RECIPES = {
    "mnist-sngan": Recipe(
        make=lambda: SNGAN(128, (128, 64, 32, 32), 1),
        config=GanConfig(),
        data="MNIST, handwritten digits of 28 x 28 pixels, padded with black to 32 x 32",
        terms="MNIST is copyright Yann LeCun and Corinna Cortes, under CC BY-SA 3.0; "
        "the weights are meant for research",
    ),
}


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

    Continues from `out`'s checkpoint, and on Ctrl-C leaves one. steps: instead of the recipe's.
    The quality is that of the weights as they load from the file.
    """
    if name not in RECIPES:
        raise unknown("trainable generator", name, RECIPES)
    recipe = RECIPES[name]
    config = recipe.config if steps is None else replace(recipe.config, steps=steps)
    torch.manual_seed(config.seed)
    generator = recipe.make()  # before all else that draws from torch's global stream
    train = load_images(data, generator.image_shape, "train", at_least=config.batch)
    test = load_images(data, generator.image_shape, "test")

    judge = trained_judge(train, test, out / "judge.safetensors", device)  # also a check of data
    training = GanTraining(generator, train, config, device)
    finished = training.run(out)
    weights = out / f"{name}.safetensors"
    save_weights(finished, weights, {"generator": name, "steps": str(config.steps), **versions()})
    loaded = load_weights(weights).to(device)

    quality = measure(loaded, judge, train, test)
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
    write_atomically(card, lambda part: part.write_text(text))
    return Trained(weights, card, sheet, quality)


def _facts(generator: SNGAN, training: GanTraining, device: str) -> dict[str, str]:
    config = training.config
    size = sum(p.numel() for p in generator.parameters())
    channels = "-".join(map(str, generator.channels))
    shape = " x ".join(map(str, generator.image_shape))
    critic = sum(p.numel() for p in training.critic.parameters())
    return {
        "Architecture": f"SNGAN residual generator, {generator.latent_dim} latent dimensions, "
        f"channels {channels}, images {shape}, {size:,} parameters",
        "Training": f"hinge loss against a spectral-norm discriminator {config.critic_width} wide "
        f"({critic:,} parameters), {config.steps:,} steps of {config.batch} images, Adam at "
        f"{config.lr_generator:g} and {config.lr_critic:g}, falling to 0 in the second half, "
        f"weights averaged at {config.ema:g}, {'bfloat16' if config.bf16 else 'float32'}, "
        f"seed {config.seed}",
        "Time": f"{training.seconds:,.0f} s on {device_name(device)}",
        "Versions": ", ".join(f"{k.removesuffix('_version')} {v}" for k, v in versions().items()),
    }


def _draw(generator: Generator, path: Path) -> None:
    """A hundred samples at twice their size."""
    latents = generator.sample(100, torch.Generator().manual_seed(1))
    device = next(generator.parameters()).device
    sheet = contact_sheet(generator(latents.to(device)), columns=10, scale=2)
    write_atomically(path, lambda part: sheet.save(part, format="PNG"))
