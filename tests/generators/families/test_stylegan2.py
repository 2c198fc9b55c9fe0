"""StyleGAN2: images by the paper's formulas, a sum at a time, and the state as NVIDIA names it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.mapped import MappedOptions
from benchmark.generators.stored import load_weights, save_weights

Array = NDArray[np.float64]
SIDE, Z, W, CHANNELS = 16, 5, 4, (4, 3, 2)
FIR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16  # of sum four: three of four pixels are zero
KINDS = {
    "skip": {},
    "residual": {"variant": "residual"},
    "classes": {"n_classes": 3},
    "clamped": {"clamp": 1.5},
    "clamped residual": {"clamp": 1.5, "variant": "residual"},
}


def small(**terms: object) -> StyleGAN2:
    """A generator in float64 in which every weight matters."""
    generator = StyleGAN2(SIDE, Z, W, mapping_layers=2, channels=CHANNELS, **terms)  # type: ignore[arg-type]
    rng = stream("weights")
    with torch.no_grad():
        for name, weight in (generator.double().eval()).state_dict().items():
            scale = 100.0 if ".fc" in name and name.endswith("weight") else 1.0
            scale = 50.0 if ".fc" in name and name.endswith("bias") else scale
            weight.copy_(scale * torch.randn(weight.shape, generator=rng, dtype=torch.float64))
    return generator


def lrelu(x: Array, gain: float = 1.0) -> Array:
    return np.where(x < 0, 0.2 * x, x) * np.sqrt(2) * gain


class Book:
    """The images of a state, one sample at a time, its convolutions by scipy."""

    def __init__(self, state: Mapping[str, Tensor], clamp: float | None) -> None:
        self.state = {name: value.numpy() for name, value in state.items()}
        self.clamp = np.inf if clamp is None else clamp

    def dense(self, name: str, x: Array, rate: float = 1.0) -> Array:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return weight @ x * rate / np.sqrt(len(x)) + bias * rate

    def w(self, z: Array, label: int | None) -> Array:
        x = z / np.sqrt((z**2).mean() + 1e-8)
        if label is not None:
            y = self.dense("mapping.embed", np.eye(3)[label])
            x = np.concatenate([x, y / np.sqrt((y**2).mean() + 1e-8)])
        for i in range(2):
            x = lrelu(self.dense(f"mapping.fc{i}", x, 0.01))
        return x

    def spread(self, x: Array, kernel: Array, crop: int) -> Array:
        """x with zeros between its pixels, convolved with the kernel, its edges cut off."""
        zeros = np.zeros((2 * len(x) - 1, 2 * len(x) - 1))
        zeros[::2, ::2] = x
        full = signal.convolve2d(zeros, kernel)
        return full[crop : len(full) - crop, crop : len(full) - crop]

    def conv(self, name: str, x: Array, w: Array, up: bool, gain: float = 1.0) -> Array:
        style = self.dense(f"{name}.affine", w)
        weight = self.state[f"{name}.weight"] * style[:, None, None]
        images = []
        for own in weight:  # (in, 3, 3)
            own = own / np.sqrt((own**2).sum() + 1e-8)
            if up:
                parts = [
                    self.spread(a, signal.convolve2d(b, FIR), 2)
                    for a, b in zip(x, own, strict=True)
                ]
            else:
                parts = [signal.correlate2d(a, b, mode="same") for a, b in zip(x, own, strict=True)]
            images.append(sum(parts))
        noise = self.state[f"{name}.noise_const"] * self.state[f"{name}.noise_strength"]
        plus = self.state[f"{name}.bias"][:, None, None]
        y = lrelu(np.stack(images) + noise + plus, gain)
        return np.clip(y, -self.clamp * gain, self.clamp * gain)

    def image(self, ws: Array, residual: bool) -> Array:
        x = self.conv("synthesis.b4.conv1", self.state["synthesis.b4.const"], ws[0], False)
        image = None if residual else self.rgb("synthesis.b4.torgb", x, ws[1])
        for i, side in enumerate((8, 16)):
            name = f"synthesis.b{side}"
            before, gain = x, np.sqrt(0.5) if residual else 1.0
            x = self.conv(f"{name}.conv0", x, ws[2 * i + 1], True)
            x = self.conv(f"{name}.conv1", x, ws[2 * i + 2], False, gain)
            if residual:
                weight = self.state[f"{name}.skip.weight"][:, :, 0, 0]
                mixed = np.tensordot(weight, before, 1) / np.sqrt(len(before)) * gain
                x = x + np.stack([self.spread(one, FIR, 1) for one in mixed])
            if image is not None:
                image = np.stack([self.spread(one, FIR, 1) for one in image])
                image = image + self.rgb(f"{name}.torgb", x, ws[2 * i + 3])
        return self.rgb("synthesis.b16.torgb", x, ws[5]) if image is None else image

    def rgb(self, name: str, x: Array, w: Array) -> Array:
        style = self.dense(f"{name}.affine", w) / np.sqrt(len(x))
        image = np.tensordot(self.state[f"{name}.weight"][:, :, 0, 0] * style, x, 1)
        image = image + self.state[f"{name}.bias"][:, None, None]
        return np.clip(image, -self.clamp, self.clamp)


@pytest.mark.parametrize("kind", KINDS)
def test_w_and_images_are_those_of_the_book(kind: str) -> None:
    generator = small(**KINDS[kind])
    book = Book(generator.state_dict(), generator.clamp)
    latents = generator.sample(2, stream("z"))
    z, labels = latents.point.double(), latents.labels
    named = [None, None] if labels is None else labels.tolist()
    expected_w = np.stack([book.w(a, b) for a, b in zip(z.numpy(), named, strict=True)])
    ws = torch.randn(2, 6, W, generator=stream("ws"), dtype=torch.float64)
    expected = np.stack([book.image(one, generator.variant == "residual") for one in ws.numpy()])
    with torch.no_grad():
        w, images = generator.map(z, labels).numpy(), generator.synthesise(ws).numpy()
    np.testing.assert_allclose(w, expected_w, rtol=0, atol=1e-13)
    assert images.shape == (2, 3, SIDE, SIDE)
    assert expected.std() > 0.3
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-12)
    if kind == "clamped residual":
        assert np.abs(images).max() == generator.clamp


def test_z_makes_the_images_of_its_w_on_every_layer() -> None:
    generator = small()
    z = generator.sample(2, stream("z")).point.double()
    with torch.no_grad():
        ws = generator.map(z, None)[:, None].repeat(1, 6, 1)
        assert torch.equal(generator(Latents(z)), generator.synthesise(ws))


def test_the_slope_is_that_of_finite_differences() -> None:
    generator = small()
    ws = torch.randn(1, 6, W, generator=stream("ws"), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: generator.synthesise(x)[:, :, 5:8, 9:11], ws)


@pytest.mark.parametrize("variant", ["skip", "residual"])
def test_in_training_every_weight_learns_and_noise_is_drawn_anew(variant: str) -> None:
    generator = small(variant=variant).train()
    z = generator.sample(2, stream("z")).point.double()
    images = generator(Latents(z))
    images.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.parameters())
    assert not torch.equal(generator(Latents(z)), images)
    generator.eval()
    assert torch.equal(generator(Latents(z)), generator(Latents(z)))


def test_a_new_generator_has_images_of_the_usual_size() -> None:
    torch.manual_seed(0)
    generator = StyleGAN2(32, 64, 64, channels=(64, 64, 32, 16)).eval()
    latents = generator.sample(64, stream("z"))
    with torch.no_grad():
        assert 0.3 < generator.map(latents.point, None).std() < 3.0
        assert 0.3 < generator(latents).std() < 5.0


def test_keys_and_shapes_are_nvidias() -> None:
    with torch.device("meta"):
        generator = StyleGAN2(1024)
    shapes = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    assert generator.num_ws == 18
    assert shapes["mapping.fc7.weight"] == (512, 512)
    assert shapes["mapping.w_avg"] == (512,)
    assert shapes["synthesis.b4.const"] == (512, 4, 4)
    assert shapes["synthesis.b64.conv0.weight"] == (512, 512, 3, 3)
    assert shapes["synthesis.b128.conv0.weight"] == (256, 512, 3, 3)
    assert shapes["synthesis.b128.conv0.affine.weight"] == (512, 512)
    assert shapes["synthesis.b1024.conv1.weight"] == (32, 32, 3, 3)
    assert shapes["synthesis.b1024.conv1.noise_const"] == (1024, 1024)
    assert shapes["synthesis.b1024.conv1.noise_strength"] == ()
    assert shapes["synthesis.b1024.torgb.weight"] == (3, 32, 1, 1)
    # const and w_avg, two a mapping layer, six of 17 convolutions, four of nine images
    assert len(shapes) == 2 + 16 + 6 * 17 + 4 * 9


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_any_size_comes_back_with_its_filters_dropped(kind: str) -> None:
    generator = small(**KINDS[kind])
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    filters = {"synthesis.b8.resample_filter": torch.outer(line, line) / 64}
    state = {name: value.float() for name, value in generator.state_dict().items()}
    loaded = StyleGAN2.from_state_dict(state | filters, "G.pt", clamp=generator.clamp)
    assert loaded.architecture() == generator.architecture()
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "filter", "no image", "foreign"])
def test_a_state_that_does_not_fit_is_refused_by_name(fault: str) -> None:
    state = dict(small().state_dict())
    if fault == "missing":
        del state["synthesis.b8.conv1.noise_strength"]
    elif fault == "extra":
        state["synthesis.b8.conv2.bias"] = torch.zeros(3)
    elif fault == "shape":
        state["synthesis.b16.conv0.weight"] = torch.zeros(2, 4, 3, 3)
    elif fault == "filter":
        state["synthesis.b16.conv0.resample_filter"] = torch.full((4, 4), 1 / 16)
    elif fault == "no image":
        del state["synthesis.b16.torgb.bias"]
    else:
        state = {"synthesis.b4.const": torch.zeros(3)}
    with pytest.raises(BenchError, match=r"^weird\.pt is not a StyleGAN2 generator: [^\n]+$"):
        StyleGAN2.from_state_dict(state, "weird.pt")


@pytest.mark.parametrize("kind", KINDS)
def test_saved_weights_come_back(kind: str, tmp_path: Path) -> None:
    generator = small(**KINDS[kind]).float()
    save_weights(generator, tmp_path / "g.safetensors", {})
    loaded = load_weights(tmp_path / "g.safetensors")
    assert isinstance(loaded, StyleGAN2)
    assert loaded.architecture() == generator.architecture()
    for name, value in loaded.state_dict().items():
        torch.testing.assert_close(value, generator.state_dict()[name], rtol=1e-3, atol=1e-3)


def test_a_published_state_is_known_by_its_keys(tmp_path: Path) -> None:
    generator = small().float()
    torch.save(generator.state_dict(), tmp_path / "G.pt")
    loaded = load_weights(tmp_path / "G.pt")
    latents = generator.sample(2, stream("z"))
    assert torch.equal(loaded(latents), generator(latents))


@pytest.mark.parametrize("terms", [{"side": 24}, {"side": 32}, {"side": 16, "variant": "orig"}])
def test_impossible_sizes_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a StyleGAN2"):
        StyleGAN2(channels=CHANNELS, **terms)  # type: ignore[arg-type]


def test_the_weights_of_a_style_are_those_that_w_of_its_layer_meets() -> None:
    generator = small()
    ws = torch.randn(1, 6, W, generator=stream("ws"), dtype=torch.float64)
    names = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1", "b16.torgb"]
    for layer, name in enumerate(names):
        affine = generator.synthesis.get_submodule(f"{name}.affine")
        (slope,) = torch.autograd.functional.jacobian(affine, ws[:, layer])[0].unbind(1)
        torch.testing.assert_close(generator.style_weights(layer), slope, rtol=0, atol=1e-14)
        seen: list[Tensor] = []
        hook = affine.register_forward_hook(lambda _m, given, _out: seen.append(given[0]))  # noqa: B023
        generator.synthesise(ws)
        hook.remove()
        assert torch.equal(seen[0], ws[:, layer])


def test_features_of_every_layer_can_be_read_in_z_and_in_w() -> None:
    generator = small()
    for space in ("z", "w"):
        generator.configure(MappedOptions(space=space))
        latents = generator.sample(2, stream("z"))
        shapes = {
            layer: generator.features(latents, layer).shape for layer in generator.image_layers()
        }
        assert shapes["synthesis.b4.conv1"] == (2, 4, 4, 4)
        assert shapes["synthesis.b8.conv0"] == (2, 3, 8, 8)
        assert shapes["synthesis.b16.conv1"] == (2, 2, 16, 16)
        assert len(shapes) == 5


@pytest.mark.parametrize("variant", ["skip", "residual"])
@pytest.mark.parametrize("side", [4, 8])
def test_a_thinned_generator_makes_the_pixels_that_sampling_keeps(variant: str, side: int) -> None:
    whole, thinned = small(variant=variant), small(variant=variant)
    thinned.thin(side)
    assert thinned.image_shape == (3, side, side)
    ws = torch.randn(2, 6, W, generator=stream("ws"), dtype=torch.float64)
    step = SIDE // side
    expected = whole.synthesise(ws)[..., ::step, ::step]
    torch.testing.assert_close(thinned.synthesise(ws), expected, rtol=0, atol=1e-12)
