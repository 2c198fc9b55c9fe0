"""Small generators of each family in which every weight and every statistic matters."""

from collections.abc import Callable

import torch
from torch import nn

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.biggan_blocks import Attention
from benchmark.generators.families.biggan_deep import BigGANDeep
from benchmark.generators.families.deep_blocks import Statistics
from benchmark.generators.families.proggan import ProgGAN, ScaledBias
from benchmark.generators.families.sngan import SNGAN

FAMILIES: dict[str, Callable[[], Generator]] = {
    "sngan-32": lambda: SNGAN(10, (8, 8, 8, 8), 3),
    "sngan-64": lambda: SNGAN(10, (16, 8, 4, 4, 2), 3),
    "biggan-32": lambda: BigGAN(32, latent_dim=12, width=2, n_classes=5, shared_dim=3),
    "biggan-64": lambda: BigGAN(64, latent_dim=10, width=4, n_classes=5, shared_dim=3),
    "biggan-deep": lambda: BigGANDeep(10, (16, 16, 8, 4), 5, class_dim=3, attention_side=16),
    "proggan": lambda: ProgGAN(10, (8, 8, 6, 4), 3),
}


def disturbed(generator: Generator, seed: str = "disturbed") -> Generator:
    """The generator in float64 and eval mode, its norms, scales and biases far from their start."""
    rng = stream(seed)
    generator = generator.double().eval()
    with torch.no_grad():
        for layer in generator.modules():
            if isinstance(layer, nn.BatchNorm2d):
                assert layer.running_mean is not None
                assert layer.running_var is not None
                layer.running_mean.normal_(0.0, 0.3, generator=rng)
                layer.running_var.uniform_(0.5, 2.0, generator=rng)
            if isinstance(layer, Statistics):
                layer.running_means.normal_(0.0, 0.3, generator=rng)
                layer.running_vars.uniform_(0.5, 2.0, generator=rng)
            if isinstance(layer, ScaledBias):
                layer.scale.mul_(1.3)
            if isinstance(layer, Attention):
                layer.gamma.fill_(0.7)
            for name, parameter in layer.named_parameters(recurse=False):
                if parameter.ndim == 1:
                    around = 1.0 if name == "weight" else 0.0
                    parameter.normal_(around, 0.3, generator=rng)
    return generator
