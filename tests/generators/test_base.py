"""What a generator shows of its inside: its first layer, its features, and what it may not hide."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.biggan_blocks import ConditionalNorm
from benchmark.generators.families.planted import Planted
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.fast.parts import InParts
from benchmark.generators.fast.rewrites import prepare
from tests.generators.disturbed import FAMILIES, disturbed

ALL: dict[str, Callable[[], Generator]] = {**FAMILIES, "planted": Planted}


def small(name: str) -> Generator:
    torch.manual_seed(0)
    return disturbed(ALL[name]())


def test_a_move_takes_every_layer_of_a_point_alike_and_keeps_its_label() -> None:
    point = torch.randn(3, 4, 5, generator=stream("layers"))  # (n, layers, d)
    delta, labels = torch.randn(3, 5, generator=stream("delta")), torch.tensor([2, 0, 1])
    moved = Latents(point, labels).moved(delta)
    for i in range(3):
        for layer in range(4):
            assert torch.equal(moved.point[i, layer], point[i, layer] + delta[i])
    assert torch.equal(Latents(point).moved(delta[0]).point[2, 3], point[2, 3] + delta[0])
    assert moved.labels is labels


def latents_of(generator: Generator, n: int = 3) -> Latents:
    latents = generator.sample(n, stream("z"))
    return Latents(latents.point.double(), latents.labels)


def outputs_in_a_pass(generator: Generator, layers: list[nn.Module], latents: Latents) -> Tensor:
    """What these layers put out while images are made, (n, features)."""
    seen: dict[nn.Module, Tensor] = {}
    hooks = [layer.register_forward_hook(lambda m, _x, y: seen.update({m: y})) for layer in layers]
    generator(latents)
    for hook in hooks:
        hook.remove()
    return torch.cat([seen[layer].flatten(1) for layer in layers], dim=1)


def jacobian(generator: Generator, layers: list[nn.Module]) -> Tensor:
    """d (what the layers put out) / d (the latent) at one latent, (features, d)."""
    start = latents_of(generator, 1)

    def outputs(point: Tensor) -> Tensor:
        return outputs_in_a_pass(generator, layers, Latents(point[None], start.labels))[0]

    found: Tensor = torch.autograd.functional.jacobian(outputs, start.point[0])  # type: ignore[no-untyped-call]
    return found


@pytest.mark.parametrize("name", ["sngan-32", "sngan-64"])
def test_sngans_first_layer_is_the_jacobian_of_its_dense_layer(name: str) -> None:
    generator = small(name)
    assert isinstance(generator, SNGAN)
    expected = jacobian(generator, [generator.model[0]])
    torch.testing.assert_close(generator.first_layer(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["biggan-32", "biggan-64"])
def test_biggans_first_layer_is_the_jacobian_of_all_that_its_chunks_feed(name: str) -> None:
    generator = small(name)
    assert isinstance(generator, BigGAN)
    fed: list[nn.Module] = [generator.linear]
    for norm in (m for m in generator.modules() if isinstance(m, ConditionalNorm)):
        fed += [norm.gain, norm.bias]
    expected = jacobian(generator, fed)
    assert expected.shape[1] == generator.latent_dim
    assert expected.abs().amax(dim=0).min() > 0  # every dimension feeds something
    torch.testing.assert_close(generator.first_layer(), expected, rtol=0, atol=1e-14)


def test_proggans_first_layer_is_the_jacobian_of_its_scaled_convolution() -> None:
    generator = small("proggan")
    assert isinstance(generator, ProgGAN)
    first = generator.layers[0]

    def before_activation(x: Tensor) -> Tensor:
        return first.wscale(first.conv(x.view(1, -1, 1, 1))).flatten()

    x = torch.randn(generator.latent_dim, generator=stream("x"), dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(before_activation, x)  # type: ignore[no-untyped-call]
    assert expected.shape == (8 * 16, generator.latent_dim)
    torch.testing.assert_close(generator.first_layer(), expected, rtol=0, atol=1e-14)


def test_planteds_first_layer_and_truth_are_its_axes() -> None:
    generator = small("planted")
    assert isinstance(generator, Planted)
    x = latents_of(generator, 1).point[0]
    along: list[Tensor] = []

    def entering(point: Tensor) -> Tensor:
        hook = generator.factors.register_forward_pre_hook(lambda _m, given: along.append(given[0]))
        generator(Latents(point[None]))
        hook.remove()
        return along[-1][0]

    expected = torch.autograd.functional.jacobian(entering, x)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(generator.first_layer(), expected, rtol=0, atol=1e-14)
    assert torch.equal(generator.true_directions(), expected.T)
    assert small("sngan-32").true_directions() is None


@pytest.mark.parametrize("name", ALL)
def test_a_fast_copy_has_no_first_layer_that_could_mislead(name: str) -> None:
    with pytest.raises(BenchError, match="ask the original"):
        InParts(prepare(small(name))).first_layer()


@pytest.mark.parametrize("name", ALL)
def test_features_are_what_passes_through_with_its_gradient(name: str) -> None:
    generator = small(name)
    for layer in generator.feature_layers():
        latents = latents_of(generator)
        found, expected = [], []
        for results, compute in (
            (found, lambda z, layer=layer: generator.features(z, layer).flatten(1)),
            (
                expected,
                lambda z, layer=layer: outputs_in_a_pass(
                    generator, [generator.get_submodule(layer)], z
                ),
            ),
        ):
            leaf = latents.point.clone().requires_grad_(True)
            values = compute(Latents(leaf, latents.labels))
            weight = torch.randn(values.shape, generator=stream("w"), dtype=torch.float64)
            (gradient,) = torch.autograd.grad((values * weight).sum(), leaf)
            results += [values, gradient]
        assert found[0].std() > 1e-3
        assert found[1].abs().max() > 0
        assert torch.equal(found[0], expected[0]), layer
        assert torch.equal(found[1], expected[1]), layer


@pytest.mark.parametrize("name", ALL)
def test_the_layers_are_named_in_the_order_of_the_pass(name: str) -> None:
    generator = small(name)
    order: list[str] = []
    for layer in generator.feature_layers():
        module = generator.get_submodule(layer)
        module.register_forward_hook(lambda _m, _x, _y, layer=layer: order.append(layer))
    generator(latents_of(generator))
    assert tuple(order) == generator.feature_layers()


class Stack(Generator):
    latent_dim, image_shape = 4, (1, 1, 2)

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2)
        self.spare = nn.Linear(1, 1)
        self.ran: list[str] = []
        for name, layer in self.named_children():
            layer.register_forward_pre_hook(lambda _m, _x, name=name: self.ran.append(name))

    def feature_layers(self) -> tuple[str, ...]:
        return ("first", "second", "spare", "gone")

    def forward(self, latents: Latents) -> Tensor:
        return self.third(self.second(self.first(latents.point))).view(-1, 1, 1, 2)


def test_the_pass_stops_at_the_layer_and_the_next_one_is_whole() -> None:
    generator = Stack()
    latents = generator.sample(5, stream("z"))
    assert generator.features(latents, "second").shape == (5, 3)
    assert generator.ran == ["first", "second"]
    generator.ran.clear()
    assert generator(latents).shape == (5, 1, 1, 2)
    assert generator.ran == ["first", "second", "third"]


def test_layers_that_there_are_not() -> None:
    generator = Stack()
    latents = generator.sample(1, stream("z"))
    with pytest.raises(BenchError, match="unknown layer of Stack 'secnd'; did you mean second"):
        generator.features(latents, "secnd")
    with pytest.raises(BenchError, match="Stack has no module 'gone'"):
        generator.features(latents, "gone")
    with pytest.raises(BenchError, match="no image of Stack passes through its layer 'spare'"):
        generator.features(latents, "spare")
    generator.ran.clear()
    generator(latents)  # no hook was left behind
    assert generator.ran == ["first", "second", "third"]


def test_an_error_of_the_generator_itself_comes_through_and_leaves_no_hook() -> None:
    class Broken(Stack):
        def forward(self, latents: Latents) -> Tensor:
            raise ValueError("no weights today")

    generator = Broken()
    with pytest.raises(ValueError, match="no weights today"):
        generator.features(generator.sample(1, stream("z")), "second")
    assert not generator.second._forward_hooks


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("most", [None, 2])
def test_a_fast_generator_in_parts_has_the_features_of_the_original(
    name: str, most: int | None
) -> None:
    generator = small(name)
    fast = InParts(prepare(generator), most)
    assert fast.feature_layers() == generator.feature_layers()
    for layer in generator.feature_layers():
        latents = latents_of(generator, 5)
        values, gradients = [], []
        for model in (generator, fast):
            leaf = latents.point.clone().requires_grad_(True)
            values.append(model.features(Latents(leaf, latents.labels), layer))
            weight = torch.randn(values[-1].shape, generator=stream("w"), dtype=torch.float64)
            (values[-1] * weight).sum().backward()
            gradients.append(leaf.grad)
        torch.testing.assert_close(values[1], values[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-11)


def test_who_says_nothing_of_its_inside_is_told_what_to_write() -> None:
    class Bare(Generator):
        latent_dim, image_shape = 4, (1, 1, 1)

    with pytest.raises(BenchError, match=r"Bare does not say what its first layer is; its first_l"):
        Bare().first_layer()
    with pytest.raises(BenchError, match="Bare does not name its layers; its feature_layers"):
        Bare().features(Latents(torch.zeros(1, 4)), "x")


@pytest.mark.parametrize("name", ["features", "first_layer", "usual", "thin"])
def test_a_layer_cannot_take_a_name_that_it_could_not_be_called_by(name: str) -> None:
    generator = Stack()
    with pytest.raises(BenchError, match=f"Stack.{name} cannot be a layer"):
        setattr(generator, name, nn.Linear(1, 1))
