"""BigGAN: the published layout read strictly, images by the book, classes and truncation."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.biggan import OURS, WIDTHS, BigGAN, BigGANOptions
from tests.generators.disturbed import disturbed

ATTENTION = 64


@pytest.fixture(autouse=True)
def float64() -> object:
    """States are built and loaded in float64, so that figures can be compared to 1e-12."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def published(generator: BigGAN) -> dict[str, Tensor]:
    """The generator's state by the published names, weights yet to be divided by their norm."""
    state = dict(generator.state_dict())
    for theirs, ours in reversed(OURS):
        state = {name.replace(ours, theirs): value for name, value in state.items()}
    state = {name: v for name, v in state.items() if "num_batches" not in name}
    rng = stream("spectral")
    for name in list(state):
        if name.endswith("weight") and name != "shared.weight" and "output_layer.0" not in name:
            out = state[name].shape[0]
            state[name.replace("weight", "u0")] = torch.randn(1, out, generator=rng)
            state[name.replace("weight", "sv0")] = torch.rand(1, generator=rng)
    return state


def by_the_book(state: dict[str, Tensor], z: Tensor, labels: Tensor) -> Tensor:
    """The images of a published state, one operation after another as the paper describes them."""

    def weight(name: str) -> Tensor:
        w, u = state[f"{name}.weight"], state[f"{name}.u0"]
        matrix = w.flatten(1)
        v = u @ matrix
        v = v / v.norm()
        u = v @ matrix.T
        u = u / u.norm()
        return w / (v @ matrix.T @ u.T).squeeze()

    def norm(name: str, x: Tensor, condition: Tensor) -> Tensor:
        gain = 1 + condition @ weight(f"{name}.gain").T
        bias = condition @ weight(f"{name}.bias").T
        mean, var = state[f"{name}.stored_mean"], state[f"{name}.stored_var"]
        x = (x - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
        return x * gain[:, :, None, None] + bias[:, :, None, None]

    blocks = sum(name.endswith("conv1.weight") for name in state)
    chunks = z.split(z.shape[1] // (blocks + 1), dim=1)
    embedding = state["shared.weight"][labels]
    x = chunks[0] @ weight("linear").T + state["linear.bias"]
    x = x.view(len(z), -1, 4, 4)
    for i in range(blocks):
        name, condition = f"blocks.{i}.0", torch.cat([embedding, chunks[i + 1]], 1)
        h = F.interpolate(F.relu(norm(f"{name}.bn1", x, condition)), scale_factor=2)
        h = F.conv2d(h, weight(f"{name}.conv1"), state[f"{name}.conv1.bias"], padding=1)
        h = F.relu(norm(f"{name}.bn2", h, condition))
        h = F.conv2d(h, weight(f"{name}.conv2"), state[f"{name}.conv2.bias"], padding=1)
        up = F.interpolate(x, scale_factor=2)
        x = h + F.conv2d(up, weight(f"{name}.conv_sc"), state[f"{name}.conv_sc.bias"])
        if x.shape[2] == ATTENTION:
            n, c, side, _ = x.shape
            theta, phi, g = (
                F.conv2d(x, weight(f"blocks.{i}.1.{k}")) for k in ("theta", "phi", "g")
            )
            phi, g = F.max_pool2d(phi, 2).flatten(2), F.max_pool2d(g, 2).flatten(2)
            beta = torch.softmax(theta.flatten(2).transpose(1, 2) @ phi, dim=2)
            o = (g @ beta.transpose(1, 2)).view(n, c // 2, side, side)
            x = x + state[f"blocks.{i}.1.gamma"] * F.conv2d(o, weight(f"blocks.{i}.1.o"))
    last = state["output_layer.0.gain"] / (state["output_layer.0.stored_var"] + 1e-5).sqrt()
    x = (x - state["output_layer.0.stored_mean"][:, None, None]) * last[:, None, None]
    x = F.relu(x + state["output_layer.0.bias"][:, None, None])
    bias = state["output_layer.2.bias"]
    return torch.tanh(F.conv2d(x, weight("output_layer.2"), bias, padding=1))


def small(side: int = 64) -> BigGAN:
    torch.manual_seed(0)
    chunks = len(WIDTHS[side])
    generator = BigGAN(side, latent_dim=2 * chunks, width=8, n_classes=5, shared_dim=3)
    return disturbed(generator)  # type: ignore[return-value]  # what comes in comes out


@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_published_state_makes_the_images_of_the_book(side: int) -> None:
    state = published(small(side))
    generator = BigGAN.from_state_dict(state, "G_ema.pth").eval()
    assert generator.image_shape == (3, side, side)
    latents = generator.sample(3, stream("z"))
    with torch.no_grad():
        expected = by_the_book(state, latents.point.double(), latents.labels)  # type: ignore[arg-type]
        images = generator(Latents(latents.point.double(), latents.labels))
    assert expected.std() > 0.05
    torch.testing.assert_close(images, expected, rtol=0, atol=1e-12)


def test_the_published_128_pixel_layout() -> None:
    with torch.device("meta"):
        state = BigGAN().state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert shapes["shared.weight"] == (1000, 128)
    assert shapes["linear.weight"] == (1536 * 16, 20)
    assert shapes["blocks.0.0.bn1.gain.weight"] == (1536, 148)
    assert shapes["blocks.4.0.conv1.1.weight"] == (96, 192, 3, 3)
    assert shapes["blocks.3.1.theta.weight"] == (24, 192, 1, 1)
    assert shapes["output_layer.2.weight"] == (3, 96, 3, 3)
    assert not any(name.startswith(("blocks.2.1", "blocks.4.1")) for name in shapes)


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "foreign", "vector"])
def test_a_state_that_does_not_fit_is_refused_by_name(fault: str) -> None:
    state = published(small(32))
    if fault == "missing":
        del state["blocks.1.0.bn2.stored_var"]
    elif fault == "extra":
        state["blocks.1.0.conv3.weight"] = torch.zeros(1)
    elif fault == "shape":
        state["blocks.1.0.conv2.weight"] = torch.zeros(32, 31, 3, 3)
        del state["blocks.1.0.conv2.u0"]
    elif fault == "vector":  # a second singular vector would divide by another norm
        state["linear.u1"] = state["linear.u0"]
    else:
        state = {"shared.weight": torch.zeros(3, 3)}
    with pytest.raises(BenchError, match=r"weird\.pth is not a BigGAN generator"):
        BigGAN.from_state_dict(state, "weird.pth")


def test_the_class_is_shared_by_both_images_of_a_pair() -> None:
    latents = small(32).sample(6, stream("z"))
    moved = latents.moved(torch.ones(latents.point.shape[1]))
    assert latents.labels is not None
    assert moved.labels is latents.labels


def test_all_classes_are_drawn_alike_unless_some_are_chosen() -> None:
    generator = small(32)
    labels = generator.sample(5000, stream("z")).labels
    assert labels is not None
    assert stats.chisquare(labels.bincount(minlength=5).numpy()).pvalue > 0.001
    generator.configure(BigGANOptions(classes=(4, 1)))
    chosen = generator.sample(200, stream("z"))
    assert set(chosen.labels.tolist()) == {1, 4}  # type: ignore[union-attr]
    generator.configure(BigGANOptions(classes=(3,)))
    one = generator.sample(200, stream("z"))
    assert set(one.labels.tolist()) == {3}  # type: ignore[union-attr]
    assert torch.equal(one.point, chosen.point)  # classes do not change what z is


@pytest.mark.parametrize("classes", [[], [5], [-1], [1.5], [True], ["dog"]])
def test_classes_that_are_none(classes: list[object]) -> None:
    with pytest.raises(BenchError, match="classes are whole numbers from 0 to 4, not"):
        small(32).configure(BigGANOptions(classes=tuple(classes)))  # type: ignore[arg-type]


def test_truncated_latents_follow_the_truncated_normal() -> None:
    generator = small(32)
    generator.configure(BigGANOptions(truncation=0.7))
    z = generator.sample(2000, stream("z")).point
    assert z.abs().max() <= 0.7
    test = stats.kstest(z.numpy().ravel(), stats.truncnorm(-0.7, 0.7).cdf)
    assert test.pvalue > 0.001
    with pytest.raises(BenchError, match="truncation must be above 0, not -1"):
        generator.configure(BigGANOptions(truncation=-1.0))


def test_a_wide_truncation_changes_nothing() -> None:
    z = small(32).sample(100, stream("z")).point
    wide = small(32)
    wide.configure(BigGANOptions(truncation=9.0))
    np.testing.assert_allclose(wide.sample(100, stream("z")).point, z, atol=1e-6)


def test_latents_without_a_class() -> None:
    generator = small(32)
    with pytest.raises(ValueError, match="needs the class of every latent"):
        generator(Latents(torch.zeros(1, generator.latent_dim)))


@pytest.mark.parametrize(("side", "d"), [(48, 12), (512, 12), (32, 10)])
def test_sizes_that_there_are_not(side: int, d: int) -> None:
    with pytest.raises(ValueError, match=r"not 48|not 512|no multiple of 4"):
        BigGAN(side, latent_dim=d, width=2)
