"""The exact rewrites: each equals the plain computation in float64, and each really happens."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.families.proggan import ScaledBias
from benchmark.generators.fast.layers import DoubledSum, ToImage
from benchmark.generators.fast.rewrites import fold_batch_norm, prepare, subpixel
from benchmark.rca.reconstructor import resnet18
from tests import plain
from tests.generators.disturbed import FAMILIES, disturbed


def disturbed_norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels).double().eval()
    for tensor, low, high in (
        (norm.running_mean, -1, 1),
        (norm.running_var, 0.1, 3),
        (norm.weight, 0.5, 2),
        (norm.bias, -1, 1),
    ):
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


def latents_of(generator: Generator, n: int = 3) -> Latents:
    latents = generator.sample(n, stream("z"))
    return Latents(latents.point.double(), latents.labels)


@pytest.mark.parametrize("family", FAMILIES)
def test_prepared_generator_and_its_gradient_equal_the_plain_ones(family: str) -> None:
    torch.manual_seed(0)
    generator = disturbed(FAMILIES[family]())
    prepared = prepare(generator)
    latents = latents_of(generator)
    weight = torch.randn(3, *generator.image_shape, generator=stream("w"), dtype=torch.float64)
    images, gradients = [], []
    for model in (generator, prepared):
        leaf = latents.point.clone().requires_grad_(True)
        images.append(model(Latents(leaf, latents.labels)))
        (images[-1] * weight).sum().backward()
        gradients.append(leaf.grad)
    assert images[0].std() > 0.05
    torch.testing.assert_close(images[1], images[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
def test_images_stay_in_channels_last_memory(family: str) -> None:
    prepared = prepare(FAMILIES[family]().eval())
    inside: list[bool] = []
    for layer in prepared.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.kernel_size > (1, 1):
            layer.register_forward_hook(
                lambda _layer, _seen, out: inside.append(
                    out.is_contiguous(memory_format=torch.channels_last)
                )
            )
    prepared(prepared.sample(2, stream("z")))
    assert inside
    assert all(inside)


@pytest.mark.parametrize("side", [4, 8, 16])
def test_a_thinned_generator_makes_the_pixels_that_sampling_keeps(side: int) -> None:
    generator = disturbed(FAMILIES["proggan"]())
    thinned = prepare(generator, side=side)
    latents = latents_of(generator)
    assert thinned.image_shape == (3, side, side)
    expected = F.interpolate(generator(latents), side)
    torch.testing.assert_close(thinned(latents), expected, rtol=0, atol=1e-12)
    assert generator.image_shape == (3, 32, 32)


@pytest.mark.parametrize(("family", "side"), [("sngan-32", 8), ("proggan", 32), ("proggan", 24)])
def test_what_cannot_be_thinned_exactly_stays_whole(family: str, side: int) -> None:
    generator = disturbed(FAMILIES[family]())
    thinned = prepare(generator, side=side)
    assert thinned.image_shape == generator.image_shape
    latents = latents_of(generator)
    torch.testing.assert_close(thinned(latents), generator(latents), rtol=0, atol=1e-12)


def test_r_sees_the_same_of_a_thinned_generator() -> None:
    torch.manual_seed(0)
    generator = disturbed(FAMILIES["proggan"]())
    reconstructor = resnet18(generator.image_shape, 7).double().eval()
    reconstructor.input_side = 8
    pairs = []
    for model in (generator, prepare(generator, side=8)):
        latents = latents_of(generator)
        pairs.append(reconstructor(model(latents), model(latents.moved(torch.ones(10)))))
    torch.testing.assert_close(pairs[1], pairs[0], rtol=1e-9, atol=1e-11)


class Through(Generator):
    """Sends latents (n, 60) as (n, 3, 4, 5) through some layers."""

    latent_dim = 60

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        self.image_shape = tuple(layers(torch.zeros(1, 3, 4, 5).double()).shape[1:])

    def forward(self, latents: Latents) -> Tensor:
        return self.layers(latents.point.unflatten(1, (3, 4, 5)))


@pytest.mark.parametrize(("kernel", "up"), [(3, False), (1, False), (3, True), (1, True)])
def test_a_scale_folds_into_the_convolution_before_it(kernel: int, up: bool) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 5, kernel, padding=kernel // 2, bias=False)
    layers = nn.Sequential(conv, ScaledBias(5, 0.3), nn.LeakyReLU(0.2))
    if up:
        layers.insert(0, nn.Upsample(scale_factor=2))
    model = Through(layers.double())
    nn.init.normal_(layers[-2].b)
    x = torch.randn(2, 3, 4, 5, generator=stream("x"), dtype=torch.float64)
    expected = layers(x)
    prepared = prepare(model)
    torch.testing.assert_close(prepared.layers(x), expected, rtol=0, atol=1e-13)
    assert not any(isinstance(layer, ScaledBias) for layer in prepared.modules())
    kinds = [type(layer) for layer in prepared.layers]
    if up:
        swapped = [nn.Conv2d, nn.Upsample, nn.LeakyReLU]
        assert kinds == (swapped if kernel == 1 else [nn.ConvTranspose2d, nn.LeakyReLU])


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


class Named(Generator):
    latent_dim, image_shape = 4, (3, 4, 4)

    def __init__(self) -> None:
        super().__init__()
        twice = nn.ReLU()  # one layer at two places
        self.net = nn.Sequential(
            nn.Upsample(scale_factor=2),  # 0, merges into 1
            nn.Conv2d(4, 6, 3, padding=1),
            twice,
            nn.Conv2d(6, 6, 3, padding=1),  # 3, merges into 4
            nn.BatchNorm2d(6),
            twice,
            nn.Upsample(scale_factor=2),  # 6, changes places with 7
            nn.Conv2d(6, 3, 1),
        )

    def feature_layers(self) -> tuple[str, ...]:
        return tuple(f"net.{i}" for i in range(8))

    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point[:, :, None, None])


def test_layers_that_are_left_keep_their_names_and_the_others_are_said_to_be_gone() -> None:
    torch.manual_seed(0)
    generator = Named().double().eval()
    generator.net[4] = disturbed_norm(6)
    prepared = prepare(generator)
    latents = latents_of(generator)
    torch.testing.assert_close(prepared(latents), generator(latents), rtol=0, atol=1e-13)
    for layer in generator.feature_layers():
        if layer in ("net.0", "net.3", "net.6"):
            with pytest.raises(BenchError, match=f"has no module '{layer}'"):
                prepared.features(latents, layer)
            continue
        found, expected = (model.features(latents, layer) for model in (prepared, generator))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


def test_a_generator_without_sequences_is_left_as_it_is() -> None:
    z = Planted().sample(4, stream("z"))
    assert torch.equal(prepare(Planted())(z), Planted()(z))
