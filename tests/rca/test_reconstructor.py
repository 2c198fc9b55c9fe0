"""R: the published shapes, counted by hand, and what the heads see."""

import pytest
import torch
from torch import nn

from benchmark.rca.reconstructor import RECONSTRUCTORS, lenet, resnet18


def n_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("channels", "width", "k"), [(1, 2, 64), (3, 2, 128), (1, 1, 8)])
def test_lenet_has_the_published_layers(channels: int, width: int, k: int) -> None:
    a, b, c, h = 3 * width, 8 * width, 60 * width, 42 * width
    stages = ((2 * channels, a), (a, b), (b, c))
    backbone = sum(i * o * 25 + o + 2 * o for i, o in stages)
    heads = sum(c * h + h + 2 * h + h * out + out for out in (k, 1))
    assert n_parameters(lenet((channels, 32, 32), k, width)) == backbone + heads


def test_resnet18_is_torchvisions_but_for_its_ends() -> None:
    # torchvision's resnet18 has 11,689,512 parameters: 1,000 classes, three input channels.
    body = 11_689_512 - (512 * 1000 + 1000) - 3 * 64 * 49
    expected = body + 2 * 64 * 49 + (512 * 20 + 20) + (512 + 1)
    assert n_parameters(resnet18((1, 64, 64), 20)) == expected


@pytest.mark.parametrize("name", RECONSTRUCTORS)
@pytest.mark.parametrize("side", [32, 64])
def test_output_shapes(name: str, side: int) -> None:
    r = RECONSTRUCTORS[name]((3, side, side), 11)
    logits, eps_hat = r(torch.randn(4, 3, side, side), torch.randn(4, 3, side, side))
    assert logits.shape == (4, 11)
    assert eps_hat.shape == (4,)


def test_r_reads_both_images_and_their_order() -> None:
    torch.manual_seed(0)
    r = lenet((1, 32, 32), 5).eval()
    one, two = torch.randn(2, 1, 32, 32), torch.randn(2, 1, 32, 32)
    outputs = [r(one, two)[0], r(two, one)[0], r(one, one)[0]]
    assert not torch.allclose(outputs[0], outputs[1])
    assert not torch.allclose(outputs[0], outputs[2])


def test_large_images_are_sampled_down_first() -> None:
    r = resnet18((1, 512, 512), 5).eval()
    one, two = torch.randn(2, 1, 512, 512), torch.randn(2, 1, 512, 512)
    full = r(one, two)[0]
    every_other = r(one[..., ::2, ::2], two[..., ::2, ::2])[0]  # nearest: the upper left of four
    torch.testing.assert_close(full, every_other)
