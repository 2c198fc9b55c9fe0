"""ProgGAN: the published layout read strictly, the forward pass by the book, skipped pixels."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.proggan import ProgGAN
from tests.generators.disturbed import disturbed


def by_the_book(state: dict[str, Tensor], z: Tensor) -> Tensor:
    """The images of a published state, one operation after another as the paper describes them."""

    def conv(name: str, x: Tensor, padding: int) -> Tensor:
        x = F.conv2d(x, state[f"{name}.conv.weight"], padding=padding)
        bias = state[f"{name}.wscale.b"].view(1, -1, 1, 1)
        return x * state[f"{name}.wscale.scale"] + bias

    def pixel_norm(x: Tensor) -> Tensor:
        return x / ((x**2).mean(dim=1, keepdim=True) + 1e-8).sqrt()

    x = z.view(*z.shape, 1, 1)
    layers = sum(name.startswith("features") and name.endswith("weight") for name in state)
    for i in range(layers):
        x = pixel_norm(x)
        if i >= 2 and i % 2 == 0:
            x = F.interpolate(x, scale_factor=2)
        x = F.leaky_relu(conv(f"features.{i}", x, 3 if i == 0 else 1), 0.2)
    return conv("output", pixel_norm(x), 0)


def small() -> ProgGAN:
    torch.manual_seed(0)
    return disturbed(ProgGAN(10, (8, 8, 6, 4), 3))  # type: ignore[return-value]


def test_a_published_state_makes_the_images_of_the_book() -> None:
    generator = small()
    z = torch.randn(3, 10, generator=stream("z"), dtype=torch.float64)
    with torch.no_grad():
        images = generator(Latents(z))
        expected = by_the_book(dict(generator.state_dict()), z)
    assert images.shape == (3, 3, 32, 32)
    assert expected.std() > 0.05
    torch.testing.assert_close(images, expected, rtol=0, atol=1e-12)


def test_keys_and_shapes_are_the_published() -> None:
    with torch.device("meta"):
        generator = ProgGAN()
    shapes = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    assert generator.image_shape == (3, 1024, 1024)
    assert shapes["features.0.conv.weight"] == (512, 512, 4, 4)
    assert shapes["features.8.conv.weight"] == (256, 512, 3, 3)
    assert shapes["features.10.conv.weight"] == (128, 256, 3, 3)
    assert shapes["features.17.conv.weight"] == (16, 16, 3, 3)
    assert shapes["features.17.wscale.scale"] == (1,)
    assert shapes["features.17.wscale.b"] == (16,)
    assert shapes["output.conv.weight"] == (3, 16, 1, 1)
    assert shapes["output.wscale.b"] == (3,)
    assert len(shapes) == 3 * 19  # eighteen layers and the output: conv, scale, bias


def test_a_state_of_any_width_comes_back() -> None:
    torch.manual_seed(0)
    generator = ProgGAN(7, (6, 5, 4), 1).eval()
    loaded = ProgGAN.from_state_dict(generator.state_dict(), "snapshot.pth").eval()
    assert loaded.channels == (6, 5, 4)
    latents = generator.sample(2, stream("z"))
    assert torch.equal(loaded(latents), generator(latents))


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "foreign"])
def test_a_state_that_does_not_fit_is_refused_by_name(fault: str) -> None:
    state = dict(small().state_dict())
    if fault == "missing":
        del state["features.3.wscale.b"]
    elif fault == "extra":
        state["features.9.wscale.b"] = torch.zeros(1)
    elif fault == "shape":
        state["features.3.conv.weight"] = torch.zeros(8, 7, 3, 3)
    else:
        state = {"features.0.conv.weight": torch.zeros(3)}
    with pytest.raises(BenchError, match=r"weird\.pth is not a ProgGAN generator"):
        ProgGAN.from_state_dict(state, "weird.pth")


def test_a_new_generator_has_images_of_the_usual_size() -> None:
    torch.manual_seed(0)
    generator = ProgGAN(16, (32, 32, 16, 8), 3)
    with torch.no_grad():
        images = generator(generator.sample(64, stream("z")))
    assert 0.3 < images.std() < 3.0
