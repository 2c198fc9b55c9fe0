"""A small SNGAN to write, to read and to look at."""

import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator
from benchmark.generators.sngan import SNGAN


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
