"""What a rewrite cannot take: settled before, or left in the plain form, and always equal."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.fast.layers import ToImage
from benchmark.generators.fast.rewrites import fast_or_plain, prepare


class Stack(Generator):
    """Latents (n, 8) through layers that make images of 16 x 16 pixels."""

    latent_dim, image_shape = 8, (3, 16, 16)

    def __init__(self, norm: Callable[[nn.Module], nn.Module], inner: nn.Module) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.net = nn.Sequential(
                nn.Unflatten(1, (8, 1, 1)),
                nn.Upsample(scale_factor=8),
                norm(nn.Conv2d(8, 16, 3, padding=1)),
                inner,
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
                norm(nn.Conv2d(16, 3, 3, padding=1)),
                nn.Tanh(),
            )

    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point)


class ByIndex(Stack):
    def forward(self, latents: Latents) -> Tensor:
        images = latents.point
        for i in range(8):
            images = self.net[i](images)
        return images


class ByName(Stack):
    def forward(self, latents: Latents) -> Tensor:
        images = latents.point
        for name in "01234567":
            images = self.net._modules[name](images)  # type: ignore[misc]
        return images


class Halfway(Stack):
    def forward(self, latents: Latents) -> Tensor:
        return self.net[3:](self.net[:3](latents.point))


class Viewed(Stack):
    """Relies on the order of memory, which channels-last memory changes."""

    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point).view(-1, 16 * 48).view(-1, 3, 16, 16)


class Kept(Stack):
    """Uses a layer's output again that the rewritten form overwrites."""

    def forward(self, latents: Latents) -> Tensor:
        seen = [latents.point]
        for layer in self.net:
            seen.append(layer(seen[-1]))
        return 0.5 * (seen[-1] + seen[4].mean(dim=(1, 2, 3), keepdim=True).tanh())


def unsettled(layer: nn.Module) -> nn.Module:
    return nn.utils.spectral_norm(layer)


def weight_normed(layer: nn.Module) -> nn.Module:
    return nn.utils.weight_norm(layer)


def plain(layer: nn.Module) -> nn.Module:
    return layer


def no_statistics() -> nn.Module:
    return nn.BatchNorm2d(16, track_running_stats=False)


MADE: dict[str, tuple[Callable[[], Generator], bool]] = {  # how, and whether it is rewritten
    "spectral norm before any forward": (lambda: Stack(unsettled, nn.BatchNorm2d(16)), True),
    "weight norm": (lambda: Stack(weight_normed, nn.Identity()), True),
    "new spectral norm": (
        lambda: Stack(parametrizations.spectral_norm, nn.BatchNorm2d(16)),
        True,
    ),
    "new weight norm": (lambda: Stack(parametrizations.weight_norm, nn.Identity()), True),
    "no running statistics": (lambda: Stack(plain, no_statistics()), False),
    "layers by index": (lambda: ByIndex(plain, nn.BatchNorm2d(16)), False),
    "layers by name": (lambda: ByName(plain, nn.BatchNorm2d(16)), False),
    "layers in two parts": (lambda: Halfway(plain, nn.BatchNorm2d(16)), True),
    "order of memory": (lambda: Viewed(plain, nn.Identity()), False),
    "a layer's output kept": (lambda: Kept(plain, nn.BatchNorm2d(16)), False),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("case", MADE)
@pytest.mark.parametrize("seen", [False, True], ids=["new", "after a forward pass"])
def test_prepared_images_and_gradients_are_the_originals(case: str, seen: bool) -> None:
    make, rewritten = MADE[case]
    generator = make().eval()
    latents = generator.sample(6, stream("z"))
    if seen:
        generator(latents)
    prepared = prepare(generator)
    slopes = []
    for model in (prepared, generator):
        point = latents.point.clone().requires_grad_(True)
        images = model(Latents(point))
        (slope,) = torch.autograd.grad((images**2).sum(), point)
        slopes.append((images.detach(), slope))
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-3, atol=1e-5)
    assert any(isinstance(layer, ToImage | nn.ConvTranspose2d) for layer in prepared.modules()) == (
        rewritten
    )
    assert not any(p.requires_grad for p in prepared.parameters())


def test_the_plain_form_is_said_once_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    generator = ByIndex(plain, nn.BatchNorm2d(16))
    for _ in range(2):
        prepare(generator)
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert record.message.startswith("ByIndex runs in its plain form, which is slower: ")
    assert "IndexError" in record.message


def test_a_rewrite_that_gives_other_images_is_found_out() -> None:
    class Wrong(nn.Identity):
        def folded(self) -> nn.Module:
            return nn.Tanh()

    generator = Stack(plain, Wrong()).eval()
    form, reason = fast_or_plain(generator)
    assert reason.startswith("the rewritten form gives images that differ by ")
    latents = generator.sample(3, stream("z"))
    assert torch.equal(form(latents), generator(latents))


def test_what_has_nothing_to_rewrite_is_not_asked_for_images() -> None:
    class Unasked(Generator):
        latent_dim, image_shape = 4, (1, 16, 16)

        def forward(self, latents: Latents) -> Tensor:
            raise AssertionError("asked")

    assert fast_or_plain(Unasked())[1] == ""


def test_comparing_takes_four_images_of_each_form() -> None:
    made: list[int] = []

    class Counted(Stack):
        def forward(self, latents: Latents) -> Tensor:
            made.append(len(latents))
            return super().forward(latents)

    prepare(Counted(plain, nn.BatchNorm2d(16)))
    assert made == [4, 4]
