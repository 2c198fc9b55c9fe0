"""Batches in parts: the same images and gradients, and a clear end where nothing fits."""

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.parts import InParts, most_on
from tests.generators.disturbed import FAMILIES, disturbed


class Cramped(Generator):
    """Has room for so many latents at once; counts how often it made how many."""

    def __init__(self, whole: Generator, room: int, error: RuntimeError) -> None:
        super().__init__()
        self.whole, self.room, self.error = whole, room, error
        self.latent_dim, self.image_shape = whole.latent_dim, whole.image_shape
        self.made: list[int] = []

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return self.whole.sample(n, rng)

    def forward(self, latents: Latents) -> Tensor:
        if len(latents) > self.room:
            raise self.error
        self.made.append(len(latents))
        return self.whole(latents)


GPU = torch.OutOfMemoryError("CUDA out of memory")
CPU = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@pytest.mark.parametrize("error", [GPU, CPU])
@pytest.mark.parametrize("room", [1, 3, 7, 100])
def test_images_and_gradients_are_those_of_the_whole(room: int, error: RuntimeError) -> None:
    whole = disturbed(FAMILIES["biggan-32"]())
    cramped = Cramped(whole, room, error)
    drawn = whole.sample(7, stream("z"))
    weight = torch.randn(7, 3, 32, 32, generator=stream("w"), dtype=torch.float64)
    images, gradients = [], []
    for generator in (whole, InParts(cramped)):
        z = drawn.point.double().requires_grad_(True)
        images.append(generator(Latents(z, drawn.labels)))
        (images[-1] * weight).sum().backward()
        gradients.append(z.grad)
    torch.testing.assert_close(images[1], images[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-11)
    assert max(cramped.made) <= room


def test_the_parts_stay_small_once_memory_ran_out() -> None:
    cramped = Cramped(disturbed(FAMILIES["sngan-32"]()), 3, GPU)
    generator = InParts(cramped)
    z = Latents(torch.randn(8, 10, generator=stream("z"), dtype=torch.float64))
    with torch.no_grad():
        generator(z)
        cramped.made.clear()
        generator(z)
    assert cramped.made == [2, 2, 2, 2]


def test_not_even_one_image_fits() -> None:
    generator = InParts(Cramped(FAMILIES["sngan-32"](), 0, GPU))
    with pytest.raises(BenchError, match="not even one 32 x 32 image fits into memory"):
        generator(generator.sample(4, stream("z")))


def test_other_errors_are_not_swallowed() -> None:
    generator = InParts(Cramped(FAMILIES["sngan-32"](), 0, RuntimeError("shapes do not fit")))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        generator(generator.sample(4, stream("z")))


def test_large_images_come_a_few_at_a_time_on_a_cpu() -> None:
    large, small = FAMILIES["sngan-32"](), FAMILIES["sngan-32"]()
    large.image_shape = (3, 1024, 1024)
    assert most_on("cpu", large) == 2
    assert most_on("cuda:1", large) is None
    assert most_on("cpu", small) == 2048
    cramped = Cramped(disturbed(small), 100, GPU)
    z = Latents(torch.randn(5, 10, generator=stream("z"), dtype=torch.float64))
    InParts(cramped, 2)(z)
    assert cramped.made == [2, 2, 1]
