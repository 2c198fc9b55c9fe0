"""A small SNGAN to write, to read and to look at."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator
from benchmark.generators.families.sngan import SNGAN


def new_generator(channels: tuple[int, ...] = (8, 8, 8, 8)) -> SNGAN:
    """A generator whose batch-norm layers have all learned and measured something."""
    torch.manual_seed(0)
    generator = SNGAN(16, channels, 1)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return generator.eval()


def images(generator: Generator) -> Tensor:
    latents = generator.sample(20, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return generator(latents)


def save_authors_layout(generator: SNGAN, folder: Path) -> None:
    """Write `args.json` and `generator.pt` as the authors' code leaves them."""
    channels, side, _ = generator.image_shape
    args = {
        "model": f"sn_resnet{side}",
        "latent_dim": generator.latent_dim,
        "image_channels": channels,
    }
    state = {name: value.contiguous() for name, value in generator.state_dict().items()}
    for name, value in list(state.items()):  # they hold each block's convolutions twice
        for inner, twin in ((".model.3.", ".conv1."), (".model.6.", ".conv2.")):
            if inner in name:
                state[name.replace(inner, twin)] = value
    folder.mkdir(exist_ok=True)
    (folder / "args.json").write_text(json.dumps(args))
    torch.save(state, folder / "generator.pt")
