"""What counts as a pass of G: an image that was asked for, however it came about."""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.parts import InParts
from benchmark.generators.passes import Passes, counting
from benchmark.rca.precision import InBfloat16

N = 5


class Net(Generator):
    latent_dim, image_shape = 3, (1, 2, 2)

    def __init__(self) -> None:
        super().__init__()
        self.early, self.late = nn.Linear(3, 6), nn.Linear(6, 4)
        self.made = 0

    def feature_layers(self) -> tuple[str, ...]:
        return ("early",)

    def forward(self, latents: Latents) -> Tensor:
        self.made += len(latents)
        return self.late(self.early(latents.point)).tanh().view(-1, 1, 2, 2)  # (n, 1, 2, 2)


@pytest.fixture
def passes() -> Iterator[Passes]:
    found = Passes()
    with counting(found):
        yield found


def latents() -> Latents:
    return Latents(torch.randn(N, 3, requires_grad=True))


def test_a_gradient_counts_when_it_comes_back_and_not_before(passes: Passes) -> None:
    images = Net()(latents())
    assert passes == Passes(N, 0)
    images.sum().backward()
    assert passes == Passes(N, N)


def test_images_without_a_gradient_are_forward_alone(passes: Passes) -> None:
    with torch.no_grad():
        Net()(latents())
    Net()(latents())  # nobody asks for its gradient
    assert passes == Passes(2 * N, 0)


@pytest.mark.parametrize(
    "wrap", [lambda net: net, InParts, InBfloat16, lambda net: InParts(net, 2)]
)
def test_a_generator_inside_another_counts_once_and_parts_are_the_whole(
    wrap: Callable[[Net], Generator], passes: Passes
) -> None:
    wrap(Net())(latents()).sum().backward()
    assert passes == Passes(N, N)


@pytest.mark.parametrize("most", [None, 2])
def test_what_is_computed_again_to_save_memory_does_not_count(
    most: int | None, passes: Passes
) -> None:
    net = Net()
    generator = InParts(net, most)
    generator.features(latents(), "early").sum().backward()
    assert passes == Passes(N, N)
    generator(latents()).sum().backward()
    assert passes == Passes(2 * N, 2 * N)
    assert net.made == (2 * N if most is None else 4 * N)  # it was


def test_features_count_as_images_and_count_once(passes: Passes) -> None:
    Net().features(latents(), "early").sum().backward()
    assert passes == Passes(N, N)


def test_only_the_innermost_counts_and_none_may(passes: Passes) -> None:
    inner = Passes()
    with counting(inner):
        Net()(latents())
    with counting(None):
        Net()(latents())
    with pytest.raises(TypeError), counting(Passes()):
        Net()(None)  # type: ignore[arg-type]  # the fault under test
    assert (inner, passes) == (Passes(N, 0), Passes())
    Net()(latents())
    assert passes == Passes(N, 0)


def test_a_copy_counts_and_keeps_no_count_of_its_own() -> None:
    net, found = Net(), Passes()
    with counting(found):
        copy.deepcopy(net)(latents())
    net(latents())
    assert found == Passes(N, 0)
