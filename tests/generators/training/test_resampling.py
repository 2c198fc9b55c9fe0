"""A convolution and the change of size beside it, against torch's layers one after the other."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.training.resampling import DoublingConv, HalvingConv, merge_doublings


def test_halving_is_a_convolution_and_then_a_mean() -> None:
    torch.manual_seed(0)
    conv = HalvingConv(3, 5).double()
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64, requires_grad=True)
    expected = F.avg_pool2d(F.conv2d(x, conv.weight, conv.bias, padding=1), 2)
    torch.testing.assert_close(conv(x), expected, atol=1e-13, rtol=0)
    wanted = (x, conv.weight, conv.bias)
    direction = torch.randn_like(expected)
    ours = torch.autograd.grad(conv(x), wanted, direction)
    theirs = torch.autograd.grad(expected, wanted, direction)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


def test_doubling_is_nearest_and_then_a_convolution() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(3, 5, 3, padding=1)).double()
    merged = DoublingConv(plain[1])
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(merged(x), plain(x), atol=1e-13, rtol=0)
    wanted = (x, *plain.parameters())
    direction = torch.randn(2, 5, 8, 12, dtype=torch.float64)
    ours = torch.autograd.grad(merged(x), wanted, direction)
    theirs = torch.autograd.grad(plain(x), wanted, direction)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("generator", "merged"),
    [
        (SNGAN(6, (8, 4, 4), 1), 3),  # two branches, and the bypass of the block that narrows
        (ProgGAN(6, (8, 4, 4), 3), 2),
        (BigGAN(32, latent_dim=8, width=1, n_classes=3, shared_dim=2), 3),
    ],
)
def test_a_whole_generator_stays_what_it_was(generator: Generator, merged: int) -> None:
    generator = generator.double().train()
    rng = torch.Generator().manual_seed(0)
    sampled = generator.sample(4, rng)
    latents = Latents(sampled.point.double(), sampled.labels)
    names = set(generator.state_dict())
    expected = generator(latents)
    merge_doublings(generator)
    torch.testing.assert_close(generator(latents), expected, atol=1e-11, rtol=0)
    assert set(generator.state_dict()) == names
    assert sum(isinstance(m, DoublingConv) for m in generator.modules()) == merged
