"""The frozen form of StyleGAN2's convolutions: the same images and slopes, whatever the pieces."""

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.families.modulation import StyledConv
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.fast import styled
from benchmark.generators.fast.rewrites import fast_or_plain
from benchmark.generators.fast.styled import FrozenStyledConv

W = 4


def normal(*shape: int, name: str) -> Tensor:
    return torch.randn(*shape, generator=stream(name), dtype=torch.float64)


def layer(channels: tuple[int, int], side: int, **terms: object) -> StyledConv:
    torch.manual_seed(0)
    made = StyledConv(*channels, W, side, **terms).double().eval()  # type: ignore[arg-type]
    with torch.no_grad():
        made.noise_strength.fill_(0.7)
        made.bias.normal_()
        made.affine.bias.normal_()
    return made


LAYERS = {
    "weights larger than the image": ((6, 5), 4, {}),
    "image larger than the weights": ((2, 3), 12, {}),
    "up, weights larger": ((6, 5), 4, {"up": True}),
    "up, image larger": ((2, 3), 16, {"up": True}),
    "clamped": ((3, 4), 8, {"clamp": 0.8}),
    "with a gain": ((3, 4), 8, {"gain": 0.5, "clamp": 1.5}),
}


@pytest.mark.parametrize("piece", [1, 100, 1 << 20])
@pytest.mark.parametrize("case", LAYERS)
def test_images_and_slopes_are_those_of_the_plain_form(
    case: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styled, "PIECE", piece)
    (channels_in, channels_out), side, terms = LAYERS[case]
    plain = layer((channels_in, channels_out), side, **terms).requires_grad_(False)
    before = side // 2 if plain.up else side
    weight = normal(3, channels_out, side, side, name="weight")
    found = []
    for form in (plain, plain.folded()):
        x = normal(3, channels_in, before, before, name="x").requires_grad_(True)
        w = normal(3, W, name="w").requires_grad_(True)
        y = form(x, w)
        (y * weight).sum().backward()
        found.append((y.detach(), x.grad, w.grad))
    for one, other in zip(*found, strict=True):
        assert other.abs().max() > 0.1
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("terms", [{}, {"up": True}, {"clamp": 0.8}])
def test_slopes_are_those_of_finite_differences(terms: dict[str, object]) -> None:
    frozen = layer((2, 3), 6, **terms).folded()
    before = 3 if "up" in terms else 6
    x = normal(2, 2, before, before, name="x").requires_grad_(True)
    w = normal(2, W, name="w").requires_grad_(True)
    assert torch.autograd.gradcheck(frozen, (x, w))


def test_a_second_derivative_is_refused() -> None:
    frozen = layer((2, 3), 4).folded()
    x, w = normal(1, 2, 4, 4, name="x"), normal(1, W, name="w").requires_grad_(True)
    with pytest.raises(BenchError, match="no second derivative"):
        torch.autograd.grad(frozen(x, w).sum(), w, create_graph=True)


@pytest.mark.parametrize("side", [None, 8])
@pytest.mark.parametrize("variant", ["skip", "residual"])
def test_a_prepared_generator_equals_the_plain_one(variant: str, side: int | None) -> None:
    torch.manual_seed(0)
    generator = StyleGAN2(32, 5, W, channels=(5, 4, 3, 2), variant=variant, clamp=2.0)  # type: ignore[arg-type]
    generator = generator.double().eval()
    with torch.no_grad():
        for part in generator.modules():
            if isinstance(part, StyledConv):
                part.noise_strength.fill_(0.5)
                part.bias.normal_()
    prepared, reason = fast_or_plain(generator, side)
    assert reason == ""
    assert sum(isinstance(part, FrozenStyledConv) for part in prepared.modules()) == 7
    assert not any(isinstance(part, StyledConv) for part in prepared.modules())
    assert prepared.feature_layers() == generator.feature_layers()
    step = 1 if side is None else 32 // side
    weight = normal(2, 3, 32 // step, 32 // step, name="weight")
    found = []
    for model in (generator, prepared):
        ws = normal(2, generator.num_ws, W, name="ws").requires_grad_(True)
        images = model.synthesise(ws)  # type: ignore[operator]
        images = images[..., ::step, ::step] if model is generator else images
        (images * weight).sum().backward()
        found.append((images.detach(), ws.grad))
    for one, other in zip(*found, strict=True):
        assert other.abs().max() > 0.1
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)
