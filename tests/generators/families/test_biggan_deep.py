"""BigGAN-deep: the published layout read strictly, images by the book, truncation and classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.biggan_deep import BigGANDeep, BigGANDeepOptions
from benchmark.generators.stored import read_generator
from tests.generators.disturbed import disturbed

LABELS = torch.tensor([0, 4, 2])


@pytest.fixture(autouse=True)
def float64() -> object:
    """States are built and loaded in float64, so that figures can be compared to 1e-12."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def published() -> dict[str, Tensor]:
    """The state of a generator of two sizes by the published names: 32 channels at 4 pixels, 16 at
    8, 8 at 16 pixels; z of 6, five classes of 3; places look at each other at 8 pixels."""
    rng = stream("biggan-deep")
    state: dict[str, Tensor] = {"embeddings.weight": torch.randn(3, 5, generator=rng)}

    def weight(name: str, *shape: int, bias: bool = False) -> None:
        state[f"{name}.weight_orig"] = torch.randn(*shape, generator=rng)
        for which, size in (("u", shape[0]), ("v", int(np.prod(shape[1:])))):
            vector = torch.randn(size, generator=rng)
            state[f"{name}.weight_{which}"] = vector / vector.norm()
        if bias:
            state[f"{name}.bias"] = torch.randn(shape[0], generator=rng)

    def statistics(name: str, channels: int) -> None:
        state[f"{name}.running_means"] = torch.randn(51, channels, generator=rng)
        state[f"{name}.running_vars"] = torch.rand(51, channels, generator=rng) + 0.5

    def block(name: str, a: int, b: int) -> None:
        for i, (inner, outer, kernel) in enumerate(
            ((a, a // 4, 1), (a // 4, a // 4, 3), (a // 4, a // 4, 3), (a // 4, b, 1))
        ):
            statistics(f"{name}.bn_{i}", inner)
            weight(f"{name}.bn_{i}.scale", inner, 9)
            weight(f"{name}.bn_{i}.offset", inner, 9)
            weight(f"{name}.conv_{i}", outer, inner, kernel, kernel, bias=True)

    weight("generator.gen_z", 16 * 32, 9, bias=True)
    block("generator.layers.0", 32, 32)
    block("generator.layers.1", 32, 16)
    state["generator.layers.2.gamma"] = torch.tensor([0.7])
    for name, outer, inner in (("theta", 2, 16), ("phi", 2, 16), ("g", 8, 16), ("o_conv", 16, 8)):
        weight(f"generator.layers.2.snconv1x1_{name}", outer, inner, 1, 1)
    block("generator.layers.3", 16, 16)
    block("generator.layers.4", 16, 8)
    statistics("generator.bn", 8)
    state["generator.bn.weight"] = torch.randn(8, generator=rng)
    state["generator.bn.bias"] = torch.randn(8, generator=rng)
    weight("generator.conv_to_rgb", 8, 8, 3, 3, bias=True)
    return state


def by_the_book(state: dict[str, Tensor], z: Tensor, labels: Tensor, truncation: float) -> Tensor:
    """The images of a published state, one operation after another."""

    def weight(name: str) -> Tensor:
        w = state[f"{name}.weight_orig"]
        norm = state[f"{name}.weight_u"] @ w.flatten(1) @ state[f"{name}.weight_v"]
        return w / norm

    def statistics(name: str) -> tuple[Tensor, Tensor]:
        place = truncation * 50
        below = int(np.floor(place + 1e-9))
        share = place - below
        if share < 1e-9:
            return state[f"{name}.running_means"][below], state[f"{name}.running_vars"][below]
        return tuple(  # type: ignore[return-value]  # of two
            share * state[f"{name}.{which}"][below]
            + (1 - share) * state[f"{name}.{which}"][below + 1]
            for which in ("running_means", "running_vars")
        )

    def norm(name: str, x: Tensor) -> Tensor:
        mean, var = statistics(name)
        x = (x - mean[:, None, None]) / (var[:, None, None] + 1e-4).sqrt()
        if f"{name}.weight" in state:
            gain, bias = state[f"{name}.weight"][None], state[f"{name}.bias"][None]
        else:
            gain = 1 + condition @ weight(f"{name}.scale").T
            bias = condition @ weight(f"{name}.offset").T
        return x * gain[:, :, None, None] + bias[:, :, None, None]

    def block(name: str, x: Tensor, up: bool) -> Tensor:
        h = x
        for i, padding in enumerate((0, 1, 1, 0)):
            h = F.relu(norm(f"{name}.bn_{i}", h))
            if i == 1 and up:
                h = h.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
            conv = f"{name}.conv_{i}"
            h = F.conv2d(h, weight(conv), state[f"{conv}.bias"], padding=padding)
        x = x[:, : h.shape[1]]
        return h + (x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) if up else x)

    condition = torch.cat([z, state["embeddings.weight"].T[labels]], dim=1)
    x = condition @ weight("generator.gen_z").T + state["generator.gen_z.bias"]
    x = x.view(len(z), 4, 4, -1).permute(0, 3, 1, 2)
    x = block("generator.layers.1", block("generator.layers.0", x, up=False), up=True)
    look = "generator.layers.2.snconv1x1_"
    theta, phi, g = (F.conv2d(x, weight(f"{look}{name}")) for name in ("theta", "phi", "g"))
    phi, g = F.max_pool2d(phi, 2).flatten(2), F.max_pool2d(g, 2).flatten(2)
    beta = torch.softmax(theta.flatten(2).transpose(1, 2) @ phi, dim=2)
    gathered = (g @ beta.transpose(1, 2)).view(len(z), 8, 8, 8)
    x = x + 0.7 * F.conv2d(gathered, weight(f"{look}o_conv"))
    x = block("generator.layers.4", block("generator.layers.3", x, up=False), up=True)
    x = F.relu(norm("generator.bn", x))
    to_rgb = "generator.conv_to_rgb"
    return torch.tanh(F.conv2d(x, weight(to_rgb), state[f"{to_rgb}.bias"], padding=1))[:, :3]


@pytest.mark.parametrize("truncation", [1.0, 0.4, 0.37, 0.011])
def test_images_are_those_of_the_published_state(truncation: float) -> None:
    state = published()
    generator = BigGANDeep.from_state_dict(state, "file").eval()
    assert generator.architecture() == {
        "latent_dim": 6,
        "channels": (32, 16, 8),
        "n_classes": 5,
        "class_dim": 3,
        "attention_side": 8,
    }
    generator.configure(BigGANDeepOptions(truncation=truncation))
    z = torch.randn(3, 6, generator=stream("z"))
    with torch.no_grad():
        found = generator(Latents(z, LABELS))
    expected = by_the_book(state, z, LABELS, truncation)
    assert found.shape == (3, 3, 16, 16)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_statistics_follow_the_truncation() -> None:
    generator = disturbed(BigGANDeep(4, (8, 8, 8), 3, class_dim=2, attention_side=8))
    latents = Latents(torch.randn(2, 4, generator=stream("z")), torch.tensor([0, 1]))
    images = {}
    for truncation in (1.0, 0.5, 1.0):
        generator.configure(BigGANDeepOptions(truncation=truncation))
        with torch.no_grad():
            images.setdefault(truncation, []).append(generator(latents))
    assert torch.equal(*images[1.0])
    assert not torch.equal(images[1.0][0], images[0.5][0])


def test_z_is_a_cut_normal_times_the_truncation() -> None:
    generator = BigGANDeep(20, (8, 8), 3, class_dim=2, attention_side=4)
    generator.configure(BigGANDeepOptions(classes=(2,), truncation=0.4))
    latents = generator.sample(1000, torch.Generator().manual_seed(0))
    assert latents.labels is not None
    assert (latents.labels == 2).all()
    cut = stats.truncnorm(-2, 2, scale=0.4)
    assert stats.kstest(latents.point.flatten().numpy(), cut.cdf).pvalue > 0.01
    assert latents.point.abs().max() <= 0.8


@pytest.mark.parametrize("truncation", [0.0, -1.0, 1.01, float("nan")])
def test_an_impossible_truncation(truncation: float) -> None:
    generator = BigGANDeep(4, (8, 8), 3, class_dim=2, attention_side=4)
    with pytest.raises(BenchError, match="above 0 and is at most 1"):
        generator.configure(BigGANDeepOptions(truncation=truncation))


def test_the_first_layer_is_what_z_meets() -> None:
    """Every row is the gradient of an output of the seed, or of a gain or bias."""
    generator = disturbed(BigGANDeep(4, (8, 8, 8), 3, class_dim=2, attention_side=8))
    weight = generator.first_layer()
    assert weight.shape == (16 * 8 + 2 * 4 * (8 + 2 + 2 + 2), 4)
    assert torch.equal(weight[:128], generator.seed.weight[:, :4])
    last = generator.layers[-1].norm3.bias.weight
    assert torch.equal(weight[-2:], last[:, :4])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generator.gen_z.weight_v", None),
        ("generator.layers.3.conv_2.bias", None),
        ("generator.layers.1.conv_1.weight_orig", torch.ones(8, 9, 3, 3)),
        ("generator.layers.2.gamma", None),
        ("embeddings.weight", torch.ones(3)),
        ("generator.more", torch.ones(3)),
    ],
)
def test_another_state_is_one_line(name: str, value: Tensor | None) -> None:
    state = {k: v for k, v in published().items() if k != name}
    if value is not None:
        state[name] = value
    with pytest.raises(BenchError, match="file is not a BigGAN-deep generator") as caught:
        BigGANDeep.from_state_dict(state, "file")
    assert "\n" not in str(caught.value)


def test_a_file_of_it_is_known_by_its_keys(tmp_path: Path) -> None:
    state = published()
    torch.save(state, tmp_path / "pytorch_model.bin")
    generator, found = read_generator(tmp_path / "pytorch_model.bin")
    assert isinstance(generator, BigGANDeep)
    z = torch.randn(3, 6, generator=stream("z"))
    expected = by_the_book(state, z, LABELS, 1.0)
    torch.testing.assert_close(generator(Latents(z, LABELS)), expected, rtol=0, atol=1e-12)
    assert "huggingface" in found.layout
    assert "DeepMind" in found.licence
