"""R: the published shapes, counted by hand, and what the heads see."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

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


@pytest.mark.parametrize("name", RECONSTRUCTORS)
@pytest.mark.parametrize(
    "shape", [(1, 16, 16), (1, 28, 28), (3, 31, 17), (3, 20, 64), (10, 28, 28)]
)
def test_images_from_16_pixels_up_are_read_whatever_their_form(
    name: str, shape: tuple[int, int, int]
) -> None:
    torch.manual_seed(0)
    r = RECONSTRUCTORS[name](shape, 5).eval()
    one, two = torch.rand(2, 4, *shape)
    logits, eps_hat = r(one, two)
    assert logits.shape == (4, 5)
    larger = [max(side, 32) for side in shape[1:]]
    enlarged = (F.interpolate(image, larger, mode="bilinear") for image in (one, two))
    for found, expected in zip((logits, eps_hat), r(*enlarged), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_ramp_stays_a_ramp_when_it_is_enlarged() -> None:
    seen: list[torch.Tensor] = []
    r = lenet((1, 28, 28), 5).eval()
    r.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    ramp = torch.linspace(-1, 1, 28).expand(2, 1, 28, 28)
    r(ramp, ramp)
    steps = seen[0].diff(dim=-1)[..., 2:-2]
    assert seen[0].shape == (2, 2, 32, 32)
    assert steps.min() > 0.8 * steps.max()  # nearest would repeat columns, steps of zero


@pytest.mark.parametrize("name", RECONSTRUCTORS)
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 64, 32), (3, 64, 64)])
def test_images_of_32_pixels_and_more_reach_the_backbone_as_they_are(
    name: str, shape: tuple[int, int, int]
) -> None:
    seen: list[torch.Tensor] = []
    r = RECONSTRUCTORS[name](shape, 5).eval()
    r.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    one, two = torch.rand(2, 4, *shape)
    r(one, two)
    assert torch.equal(seen[0], torch.cat([one, two], dim=1))


def test_tall_images_are_sampled_down_as_wide_ones_are() -> None:
    seen: list[torch.Tensor] = []
    r = resnet18((1, 300, 64), 5).eval()
    r.backbone.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    r(torch.rand(2, 1, 300, 64), torch.rand(2, 1, 300, 64))
    assert seen[0].shape == (2, 2, 256, 256)
