"""The exact rewrites: each equals the plain computation in float64, and each really happens."""

import pytest
import torch
from torch import nn

from benchmark.generators.base import Latents
from benchmark.generators.inference import fold_batch_norm, prepare, subpixel
from benchmark.generators.layers import DoubledSum, ToImage
from benchmark.generators.planted import Planted
from benchmark.generators.sngan import SNGAN
from benchmark.seeds import stream
from tests import plain


def disturbed_norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels).double().eval()
    for tensor, low, high in (
        (norm.running_mean, -1, 1), (norm.running_var, 0.1, 3),
        (norm.weight, 0.5, 2), (norm.bias, -1, 1),
    ):  # fmt: skip
        nn.init.uniform_(tensor, low, high, generator=stream("norm"))
    return norm


@pytest.mark.parametrize("bias", [True, False])
def test_folded_batch_norm_equals_the_pair(bias: bool) -> None:
    conv = nn.Conv2d(3, 5, 3, padding=1, bias=bias).double()
    norm = disturbed_norm(5)
    x = torch.randn(2, 3, 6, 7, generator=stream("x"), dtype=torch.float64)
    torch.testing.assert_close(fold_batch_norm(conv, norm)(x), norm(conv(x)))


def test_a_batch_norm_that_depends_on_its_batch_is_not_folded() -> None:
    with pytest.raises(ValueError, match="depends on its batch"):
        fold_batch_norm(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1, track_running_stats=False))


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 3)])
def test_subpixel_convolution_equals_upsampling_then_convolution(size: tuple[int, int]) -> None:
    conv = nn.Conv2d(3, 5, 3, padding=1).double()
    x = torch.randn(2, 3, *size, generator=stream("x"), dtype=torch.float64)
    expected = conv(nn.Upsample(scale_factor=2)(x))
    torch.testing.assert_close(subpixel(conv)(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("channels", [(8, 8, 8, 8), (16, 8, 4, 4, 2)])
def test_prepared_generator_and_its_gradient_equal_the_plain_ones(
    channels: tuple[int, ...],
) -> None:
    generator = SNGAN(10, channels, 3).double().eval()
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.load_state_dict(disturbed_norm(layer.num_features).state_dict())
    prepared = prepare(generator)
    z = torch.randn(3, 10, generator=stream("z"), dtype=torch.float64)
    weight = torch.randn(3, *generator.image_shape, generator=stream("w"), dtype=torch.float64)
    gradients = []
    for model in (generator, prepared):
        leaf = z.clone().requires_grad_(True)
        (model(Latents(leaf)) * weight).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(prepared(Latents(z)), generator(Latents(z)), rtol=0, atol=1e-12)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-11)


def test_every_rewrite_takes_place_and_the_original_stays() -> None:
    generator = plain.sngan(8)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    prepared = prepare(generator)
    kinds = [type(layer) for layer in prepared.modules()]
    assert kinds.count(nn.ConvTranspose2d) == 3  # one for each block's upsampled convolution
    assert kinds.count(DoubledSum) == 3  # one a block: its bypass only upsamples
    assert kinds.count(ToImage) == 1
    assert all(m.inplace for m in prepared.modules() if isinstance(m, nn.ReLU))
    assert kinds.count(nn.BatchNorm2d) == 4  # those before a ReLU that nothing can absorb
    assert not any(p.requires_grad for p in prepared.parameters())
    assert not prepared.training
    convolutions = [m for m in prepared.modules() if isinstance(m, nn.Conv2d)]
    assert all(c.weight.is_contiguous(memory_format=torch.channels_last) for c in convolutions)
    assert all(p.requires_grad for p in generator.parameters())
    assert all(torch.equal(v, before[k]) for k, v in generator.state_dict().items())


def test_a_generator_without_sequences_is_left_as_it_is() -> None:
    z = Planted().sample(4, stream("z"))
    assert torch.equal(prepare(Planted())(z), Planted()(z))
