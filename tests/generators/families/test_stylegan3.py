"""StyleGAN3: images by the book, equivariance, the published names, states that do not fit."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d, upfirdn
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.alias_free import bands
from benchmark.generators.families.stylegan3 import StyleGAN3, Variant, usual_channels
from benchmark.generators.fast.rewrites import fast_or_plain
from benchmark.generators.mapped import MappedOptions
from benchmark.generators.stored import load_weights, save_weights

CHANNELS = (5, 4, 3, 3)


def small(variant: Variant = "t", n_classes: int = 0, clamp: float | None = 256.0) -> StyleGAN3:
    """Of 16 pixels, its biases, magnitudes and motion far from their start."""
    torch.manual_seed(0)
    generator = StyleGAN3(
        16, 6, 8, n_classes, channels=CHANNELS, image_channels=2, variant=variant, clamp=clamp
    )
    rng = stream("small")
    with torch.no_grad():
        for name, value in (*generator.named_parameters(), *generator.named_buffers()):
            if name.endswith("bias"):
                value.add_(torch.randn(value.shape, generator=rng), alpha=0.3)
            if name.endswith("magnitude_ema"):
                value.uniform_(0.5, 2.0, generator=rng)
            if name.endswith("input.affine.weight") or name.endswith("w_avg"):
                value.normal_(generator=rng)
        generator.synthesis.input.transform.copy_(
            torch.tensor([[0.9, -0.4, 0.1], [0.3, 1.1, -0.2], [0.0, 0.0, 1.0]])
        )
    return generator.double().eval().requires_grad_(False)


def some_ws(generator: StyleGAN3, n: int = 2) -> Tensor:
    """A w for each layer, (n, num_ws, w_dim)."""
    shape = (n, generator.num_ws, generator.w_dim)
    return torch.randn(shape, generator=stream("ws"), dtype=torch.float64)


def waves_by_the_book(state: dict[str, np.ndarray], w: np.ndarray) -> np.ndarray:
    """The Fourier features (C, 36, 36) of one w, point by point; 16 samples to a side."""
    motion = state["input.affine.weight"] @ w / np.sqrt(len(w)) + state["input.affine.bias"]
    cosine, sine, x, y = motion / np.hypot(motion[0], motion[1])
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    shift = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    whole = turn @ shift @ state["input.transform"]
    freqs = state["input.freqs"] @ whole[:2, :2]
    phases = state["input.phases"] + state["input.freqs"] @ whole[:2, 2]
    strength = np.clip(1 - (np.hypot(*freqs.T) - 2) / (8 - 2), 0, 1)
    found = np.zeros((len(freqs), 36, 36))
    for row in range(36):
        for column in range(36):
            place = np.array([column - 17.5, row - 17.5]) / 16
            wave = np.sin(2 * np.pi * (freqs @ place + phases)) * strength
            found[:, row, column] = state["input.weight"] @ wave / np.sqrt(len(freqs))
    return found


def layer_by_the_book(
    generator: StyleGAN3, name: str, x: np.ndarray, w: np.ndarray, rates: tuple[int, int]
) -> np.ndarray:
    """One layer of one image, (in, h, h) -> (out, size, size); weights first, then the filters."""
    state = numbers(generator, f"synthesis.{name}.")
    weight = state["weight"] / np.sqrt((state["weight"] ** 2).mean(axis=(1, 2, 3), keepdims=True))
    style = state["affine.weight"] @ w / np.sqrt(len(w)) + state["affine.bias"]
    weight = weight * (style / np.sqrt((style**2).mean()))[:, None, None]
    weight = weight / np.sqrt((weight**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
    x = x / np.sqrt(state["magnitude_ema"])
    layer = generator.synthesis.get_submodule(name)
    up, down = (layer.get_buffer(f"{part}_filter").numpy() for part in ("up", "down"))
    kernel = down if down.ndim == 2 else np.outer(down, down)
    made = []
    for k, bias in zip(weight, state["bias"], strict=True):
        mixed = sum(convolve2d(a, b[::-1, ::-1]) for a, b in zip(x, k, strict=True)) + bias
        high = 2 * max(rates)
        spread, drop = high // rates[0], high // rates[1]
        for axis in (0, 1):
            mixed = upfirdn(up * spread, mixed, up=spread, axis=axis)
        size = int(name.split("_")[1])
        cut = (len(mixed) - ((size - 1) * drop + len(kernel))) // 2
        mixed = mixed[cut : len(mixed) - cut, cut : len(mixed) - cut]
        active = np.maximum(0.2 * mixed, mixed) * np.sqrt(2)
        if generator.clamp is not None:
            active = np.clip(active, -generator.clamp, generator.clamp)
        made.append(convolve2d(active, kernel, mode="valid")[::drop, ::drop])
    return np.stack(made)


def image_by_the_book(generator: StyleGAN3, ws: np.ndarray) -> np.ndarray:
    """The image (C, 16, 16) of one ws (num_ws, w_dim)."""
    x = waves_by_the_book(numbers(generator, "synthesis."), ws[0])
    rates = [band.rate for band in bands(16, len(CHANNELS))]
    *layers, last = generator.synthesis.layers
    for i, name in enumerate(layers):
        x = layer_by_the_book(generator, name, x, ws[i + 1], (rates[max(i - 1, 0)], rates[i]))
    state = numbers(generator, f"synthesis.{last}.")
    style = state["affine.weight"] @ ws[-1] / np.sqrt(len(ws[-1])) + state["affine.bias"]
    weight = state["weight"][:, :, 0, 0] * style / np.sqrt(len(x) * state["magnitude_ema"])
    image = np.tensordot(weight, x, 1) + state["bias"][:, None, None]
    return 0.25 * (
        image if generator.clamp is None else image.clip(-generator.clamp, generator.clamp)
    )


def numbers(generator: StyleGAN3, prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): value.numpy()
        for name, value in generator.state_dict().items()
        if name.startswith(prefix)
    }


@pytest.mark.parametrize(("variant", "clamp"), [("t", 1.0), ("r", None)])
def test_images_by_the_book(variant: Variant, clamp: float | None) -> None:
    generator = small(variant, clamp=clamp)
    ws = some_ws(generator)
    found = generator.synthesise(ws)
    assert found.shape == (2, 2, 16, 16)
    assert found.std() > 0.02
    for image, one in zip(found, ws, strict=True):
        expected = image_by_the_book(generator, one.numpy())
        np.testing.assert_allclose(image.numpy(), expected, rtol=0, atol=1e-12)


def still(variant: Variant) -> StyleGAN3:
    """Of 32 pixels, with eight channels, and nothing but its transform to move the waves."""
    torch.manual_seed(0)
    generator = StyleGAN3(32, 8, 8, channels=(8,) * 5, mapping_layers=1, variant=variant)
    return generator.double().eval().requires_grad_(False)


@pytest.mark.parametrize("axis", [0, 1])
def test_details_move_with_the_waves(axis: int) -> None:
    generator = still("t")
    ws = some_ws(generator, 1)
    image = generator.synthesise(ws)
    generator.synthesis.input.transform[axis, 2] = -1 / 32  # one pixel, a fraction of a sample
    moved = generator.synthesise(ws)
    inside = (..., slice(4, -4), slice(4, -4))
    assert (moved - image)[inside].square().mean().sqrt() > 0.05 * image.std()
    off = (moved - image.roll(1, dims=3 - axis))[inside]
    assert off.square().mean().sqrt() < 1e-4 * image.std()


def test_only_r_turns_with_the_waves() -> None:
    turned = {}
    for variant in ("t", "r"):
        generator = still(variant)  # type: ignore[arg-type]
        ws = some_ws(generator, 1)
        image = generator.synthesise(ws)
        generator.synthesis.input.transform[:2, :2] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        off = generator.synthesise(ws) - image.rot90(1, dims=(2, 3))
        turned[variant] = float(off.abs().max() / image.std())
    assert turned["r"] < 1e-12
    assert turned["t"] > 0.1


def test_names_and_shapes_at_1024_pixels_are_the_published() -> None:
    with torch.device("meta"):
        generator = StyleGAN3(1024)
    state = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    sizes = (36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024)
    widths = (512, 512, 512, 512, 512, 512, 512, 323, 203, 128, 81, 51, 32, 32, 3)
    layers = [f"L{i}_{a}_{b}" for i, (a, b) in enumerate(zip(sizes, widths, strict=True))]
    expected: dict[str, tuple[int, ...]] = {
        "mapping.w_avg": (512,),
        "synthesis.input.weight": (512, 512),
        "synthesis.input.affine.weight": (4, 512),
        "synthesis.input.affine.bias": (4,),
        "synthesis.input.transform": (3, 3),
        "synthesis.input.freqs": (512, 2),
        "synthesis.input.phases": (512,),
    }
    for i in range(2):
        expected |= {f"mapping.fc{i}.weight": (512, 512), f"mapping.fc{i}.bias": (512,)}
    width = 512
    for name in layers:
        before, width = width, int(name.split("_")[2])
        kernel = 1 if name == layers[-1] else 3
        expected |= {
            f"synthesis.{name}.weight": (width, before, kernel, kernel),
            f"synthesis.{name}.bias": (width,),
            f"synthesis.{name}.affine.weight": (before, 512),
            f"synthesis.{name}.affine.bias": (before,),
            f"synthesis.{name}.magnitude_ema": (),
        }
    assert state == expected
    assert (generator.num_ws, generator.image_shape) == (16, (3, 1024, 1024))
    assert usual_channels(1024, "r")[6:10] == (1024, 645, 406, 256)


def test_filters_are_radial_in_r_below_the_critical_layers() -> None:
    for variant, expected in (("t", [1, 1, 1, 1]), ("r", [2, 2, 1, 1])):
        buffers = dict(small(variant).named_buffers())  # type: ignore[arg-type]
        assert [v.ndim for k, v in buffers.items() if k.endswith("down_filter")] == expected
        assert {v.ndim for k, v in buffers.items() if k.endswith("up_filter")} == {1}


def test_what_makes_one_of_its_size_is_said_whole() -> None:
    arguments = {
        "side": 32,
        "z_dim": 3,
        "w_dim": 4,
        "n_classes": 2,
        "mapping_layers": 1,
        "channels": (2, 3, 4),
        "image_channels": 1,
        "variant": "r",
        "output_scale": 0.5,
        "clamp": None,
    }
    assert StyleGAN3(**arguments).architecture() == arguments  # type: ignore[arg-type]


def published(generator: StyleGAN3) -> dict[str, Tensor]:
    """The state with its filters, as NVIDIA's holds them."""
    filters = {k: v for k, v in generator.named_buffers() if k.endswith("_filter")}
    assert len(filters) == 2 * len(CHANNELS)
    return {**generator.state_dict(), **filters}


@pytest.mark.parametrize("variant", ["t", "r"])
@pytest.mark.parametrize("n_classes", [0, 5])
def test_a_published_state_comes_back(variant: Variant, n_classes: int) -> None:
    generator = small(variant, n_classes)
    loaded = StyleGAN3.from_state_dict(published(generator), "G.pkl").eval()
    assert loaded.architecture() == generator.architecture()
    latents = generator.sample(3, stream("z"))
    expected = generator.float()(latents)
    assert expected.std() > 0.01
    assert torch.equal(loaded(latents), expected)
    if n_classes:
        assert latents.labels is not None
        others = Latents(latents.point, (latents.labels + 1) % n_classes)
        assert not torch.allclose(loaded(others), expected, atol=1e-3)


def test_what_no_state_holds_is_an_argument() -> None:
    generator = small()
    loaded = StyleGAN3.from_state_dict(published(generator), "G.pkl", output_scale=1.0, clamp=0.5)
    ws = some_ws(generator)
    louder = loaded.double().eval().synthesise(ws)
    assert not torch.allclose(louder, 4 * generator.synthesise(ws), atol=0.1)  # clamped
    loaded = StyleGAN3.from_state_dict(published(generator), "G.pkl", output_scale=1.0)
    louder = loaded.double().eval().synthesise(ws)
    torch.testing.assert_close(louder, 4 * generator.synthesise(ws), rtol=0, atol=1e-5)


FAULTS = {
    "missing": "Missing key",
    "extra": "Unexpected key",
    "shape": "size mismatch",
    "margin": "the paper has no layer L1_40_4 for its size",
    "gap": "its layers are not L0, L1, ...",
    "side": "a StyleGAN3 makes images of 16, 32, 64, ... pixels, not 17",
    "filter": "synthesis.L1_36_4.down_filter is another filter than the paper's",
    "strange filter": "L9",
    "foreign": "its layers are not L0, L1, ...",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_state_that_does_not_fit_is_refused_in_one_line(fault: str) -> None:
    state = published(small())
    if fault == "missing":
        del state["synthesis.input.phases"]
    elif fault == "extra":
        state["synthesis.L0_36_5.noise_strength"] = torch.zeros(())
    elif fault == "shape":
        state["synthesis.input.freqs"] = torch.zeros(5, 3)
    elif fault in ("margin", "gap", "side"):
        old, new = {
            "margin": ("L1_36_4", "L1_40_4"),
            "gap": ("L1_36_4", "L7_36_4"),
            "side": ("L4_16_2", "L4_17_2"),
        }[fault]
        state = {name.replace(old, new): value for name, value in state.items()}
    elif fault == "filter":
        state["synthesis.L1_36_4.down_filter"] = state["synthesis.L1_36_4.down_filter"] * 1.01
    elif fault == "strange filter":
        state["synthesis.L9.down_filter"] = torch.ones(3)
    else:
        state = {"synthesis.input.freqs": torch.zeros(3)}
    with pytest.raises(BenchError, match=re.escape(FAULTS[fault])) as refused:
        StyleGAN3.from_state_dict(state, "weird.pkl")
    assert str(refused.value).startswith("weird.pkl is not a StyleGAN3 generator: ")
    assert "\n" not in str(refused.value)


def test_a_variant_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="a StyleGAN3 is t or r, not x"):
        StyleGAN3(16, variant="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", ["t", "r"])
def test_a_file_of_the_suite_and_back(variant: Variant, tmp_path: Path) -> None:
    generator = small(variant, 3).float()
    save_weights(generator, tmp_path / "g.safetensors", {})
    loaded = load_weights(tmp_path / "g.safetensors")
    assert isinstance(loaded, StyleGAN3)
    assert loaded.architecture() == generator.architecture()
    latents = generator.sample(3, stream("z"))
    expected = generator(latents)
    assert 0 < (loaded(latents) - expected).std() / expected.std() < 0.02


@pytest.mark.parametrize(("variant", "space"), [("t", "z"), ("r", "w")])
def test_the_fast_form_is_exact_and_a_gradient_reaches_the_latents(
    variant: Variant, space: str
) -> None:
    generator = small(variant)
    generator.configure(MappedOptions(space=space, psi=0.7))
    fast, reason = fast_or_plain(generator)
    assert not reason
    latents = generator.sample(2, stream("z"))
    slopes = []
    for made_by in (generator, fast):
        point = latents.point.double().requires_grad_(True)
        made_by(Latents(point)).square().sum().backward()
        assert point.grad is not None
        slopes.append(point.grad)
    with torch.no_grad():
        torch.testing.assert_close(
            fast(Latents(latents.point.double())),
            generator(Latents(latents.point.double())),
            rtol=0,
            atol=1e-12,
        )
    assert slopes[0].flatten(1).norm(dim=1).min() > 1e-3
    torch.testing.assert_close(slopes[1], slopes[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("layer", [0, 1, 5])
def test_the_weights_of_a_style_are_how_it_depends_on_w(layer: int) -> None:
    generator = small()
    name = ("input", *generator.synthesis.layers)[layer]
    affine = generator.synthesis.get_submodule(f"{name}.affine")
    seen: list[Tensor] = []
    hook = affine.register_forward_hook(lambda _m, _x, style: seen.append(style))

    def style(w: Tensor) -> Tensor:
        ws = torch.zeros(1, generator.num_ws, generator.w_dim, dtype=w.dtype)
        generator.synthesise(torch.cat([ws[:, :layer], w[None, None], ws[:, layer + 1 :]], dim=1))
        return seen[-1][0]  # of this layer, (features,)

    w = torch.randn(generator.w_dim, generator=stream("w"), dtype=torch.float64)
    slope = torch.autograd.functional.jacobian(style, w)  # (features, w_dim)
    hook.remove()
    torch.testing.assert_close(generator.style_weights(layer), slope, rtol=0, atol=1e-12)


def test_features_of_layers_are_those_of_a_pass() -> None:
    generator = small()
    latents = generator.sample(2, stream("z"))
    assert generator.feature_layers() == (
        "w",
        "synthesis.input",
        "synthesis.L0_36_5",
        "synthesis.L1_36_4",
        "synthesis.L2_36_3",
        "synthesis.L3_16_3",
    )
    for name in generator.feature_layers()[1:]:
        size = 36 if name.endswith("input") else int(name.split("_")[1])
        assert generator.features(latents, name).shape[2:] == (size, size)


def test_a_new_generator_has_images_of_the_usual_size() -> None:
    torch.manual_seed(0)
    generator = StyleGAN3(32, 16, 16, channels=(16,) * 6).eval()
    with torch.no_grad():
        images = generator(generator.sample(16, stream("z")))
    assert 0.02 < images.std() < 2.0
    assert F.avg_pool2d(images, 32).std() < images.std()
