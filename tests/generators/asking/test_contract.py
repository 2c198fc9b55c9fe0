"""The contract of a generator: each fault is found by name, and what is sound passes."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.generators.asking.contract import GRADIENT, check, keep_contract, no_pictures
from benchmark.generators.base import Generator, Latents
from benchmark.generators.catalogue import available
from benchmark.generators.families.planted import Planted
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.registry import find_generator


class Sound(Generator):
    """Images of 28 x 28 pixels, the size of most GANs of MNIST."""

    latent_dim, image_shape = 8, (1, 28, 28)

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(8, 28 * 28), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point)


class NoSize(Sound):
    latent_dim = None  # type: ignore[assignment]


class Flat(Sound):
    image_shape = (28, 28)  # type: ignore[assignment]


class Small(Sound):
    image_shape = (1, 15, 28)


class OtherSize(Sound):
    image_shape = (1, 32, 32)


class OtherLatents(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(torch.randn(n, 9, generator=rng))


class OwnSize(Sound):
    latent_dim = 9


class GlobalRandom(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(torch.randn(n, 8))


class OtherRandom(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(torch.tensor(np.random.default_rng().normal(size=(n, 8))).float())


class SeedOnly(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        own = torch.Generator().manual_seed(rng.initial_seed())
        return Latents(torch.randn(n, 8, generator=own))


class RandomLabels(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        labels = torch.tensor(np.random.default_rng().integers(0, 10**9, n))
        return Latents(torch.randn(n, 8, generator=rng), labels)


class FloatLabels(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(torch.randn(n, 8, generator=rng), torch.zeros(n))


class BareTensor(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return torch.randn(n, 8, generator=rng)  # type: ignore[return-value]


class Uncopied(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.log = io.TextIOWrapper(io.BytesIO())


class Bytes(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return torch.sigmoid(self.net(latents.point)) * 255


class Inked(Sound):
    def forward(self, latents: Latents) -> Tensor:
        images = torch.zeros(len(latents), 1, 28, 28)
        images[:, :, :3, :3] = 255 * self.net(latents.point)[:, :, :3, :3].abs()
        return images


class Normalised(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return 2.5 * self.net(latents.point)


class Double(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point).double()


class Pair(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point), latents  # type: ignore[return-value]


class NotANumber(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point) * float("nan")


class Overwriting(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point.mul_(0.5))


class Inference(Sound):
    @torch.inference_mode()
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point)


class Noisy(Sound):
    def forward(self, latents: Latents) -> Tensor:
        images = self.net(latents.point)
        return (images + 0.01 * torch.randn_like(images)).clamp(-1, 1)


class Dropped(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return nn.functional.dropout(self.net(latents.point), 0.1).clamp(-1, 1)


class Counting(Sound):
    calls = 0

    def forward(self, latents: Latents) -> Tensor:
        self.calls += 1
        return self.net(latents.point + 0.1 * self.calls)


class Constant(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point * 0)


class WithoutGradient(Sound):
    @torch.no_grad()
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point)


class Rounded(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return (self.net(latents.point) * 127).round() / 127


class Missing(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point)


class LongAxes(Sound):
    def true_directions(self) -> Tensor:
        return 2.0 * torch.eye(8)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoSize, "NoSize.latent_dim must be a whole number above 0, not None"),
        (Flat, "Flat.image_shape must be (channels, height, width), not (28, 28)"),
        (Small, "images of 15 x 28 pixels are too small; R takes sides of 16 and more"),
        (OtherSize, "as (4, 1, 28, 28), but OtherSize.image_shape is (1, 32, 32)"),
        (OtherLatents, "gives latents of 9 dimensions, but OtherLatents.latent_dim is 8"),
        (OwnSize, "fails for 4 latents of 9 dimensions: RuntimeError"),
        (GlobalRandom, "draws from torch's own random numbers; pass generator=rng"),
        (OtherRandom, "gives other latents for the same rng"),
        (SeedOnly, "gives the same latents again and again; draw from rng"),
        (RandomLabels, "gives other latents for the same rng"),
        (FloatLabels, "gives labels as float32 of (4,); they must be int64 of (n,)"),
        (BareTensor, "returns a value of type Tensor; return Latents(point)"),
        (Uncopied, "Uncopied cannot be copied (TypeError: cannot pickle"),
        (Bytes, "bring images to [-1, 1], as in images / 127.5 - 1"),
        (Inked, "bring images to [-1, 1], as in images / 127.5 - 1"),
        (Normalised, "bring images to [-1, 1], as tanh does"),
        (Double, "gives torch.float64 images; end it with .float()"),
        (Pair, "returns a value of type tuple; return the images alone"),
        (NotANumber, "gives values that are not finite numbers"),
        (Overwriting, "changes the latents it is given; work on a clone of them"),
        (Inference, "runs in inference mode; take torch.inference_mode() out"),
        (Noisy, "for the same latents; keep noise fixed, and dropout to training mode"),
        (Dropped, "for the same latents; keep noise fixed, and dropout to training mode"),
        (Counting, "for the same latents"),
        (Constant, "gives one image whatever the latents are"),
        (WithoutGradient, "no gradient reaches the latents through WithoutGradient.forward (test_"),
        (Rounded, "no gradient reaches the latents"),
        (Missing, "AttributeError: 'Missing' object has no attribute 'network' (test_contract.py"),
        (LongAxes, "it must give unit columns, (8, F)"),
    ],
)
def test_each_fault_is_one_line_that_names_what_to_change(
    kind: type[Generator], words: str
) -> None:
    fault = check(kind()).fault(learns=True)
    assert words in fault
    assert kind.__name__ in fault
    assert "\n" not in fault


def test_a_fault_names_the_line_where_the_function_begins() -> None:
    line = Constant.forward.__code__.co_firstlineno
    assert f"Constant.forward (test_contract.py line {line}) gives" in check(Constant()).fault(
        learns=False
    )


def test_only_a_method_that_learns_needs_a_gradient() -> None:
    contract = check(WithoutGradient())
    assert contract.fault(learns=False) == ""
    assert contract.fault(learns=True)
    states = {point.what: point.state for point in contract.points}
    assert states.pop(GRADIENT) == "fault"
    assert set(states.values()) == {"ok"}  # what does not rest on it is checked all the same


@pytest.mark.parametrize("name", [n for n in available() if "proggan" not in n])
def test_the_bundled_generators_keep_all_of_it(name: str) -> None:
    contract = check(find_generator(name)[1].load())
    assert [point.state for point in contract.points] == ["ok"] * len(contract.points)


def test_a_generator_without_tanh_may_leave_the_range_a_little() -> None:
    contract = check(find_generator("celeba-proggan-small")[1].load())  # 3% beyond, up to 2.5
    assert contract.fault(learns=True) == ""


def test_a_family_of_the_suite_may_leave_it_more_often_but_not_far() -> None:
    """A StyleGAN of random weights, or of pictures with white walls: its range is known."""
    torch.manual_seed(0)
    generator = StyleGAN2(16, z_dim=8, w_dim=8, channels=(8, 8, 8)).eval()
    made = generator(generator.sample(8, torch.Generator().manual_seed(0)))
    assert (made.abs() > 1.05).float().mean() > 0.1
    assert check(generator).fault(learns=True) == ""
    generator.synthesis.b16.torgb.weight.data *= 30.0
    far = copy.deepcopy(generator)
    assert "gives values from" in check(far).fault(learns=False)


class WithoutWeights(Generator):
    """No parameters and no buffers."""

    latent_dim, image_shape = 16, (1, 16, 16)

    def forward(self, latents: Latents) -> Tensor:
        return torch.tanh(latents.point.view(-1, 1, 4, 4).repeat(1, 1, 4, 4))


class Light(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return 0.5 + 0.5 * self.net(latents.point)


class TenChannels(Sound):
    image_shape = (10, 28, 28)

    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point).repeat(1, 10, 1, 1)


class Together(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.net(latents.point - latents.point.mean(dim=0))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Sound, ""),
        (WithoutWeights, ""),
        (Light, "if they are meant to span [0, 1], return 2 * images - 1"),
        (TenChannels, "its images have 10 channels, and a picture has 1 or 3"),
        (Together, "an image changes with the others of its batch"),
    ],
)
def test_what_can_be_measured_passes_with_a_note_where_one_is_due(
    kind: type[Generator], words: str
) -> None:
    contract = check(kind())
    assert contract.fault(learns=True) == ""
    notes = [point.words for point in contract.points if point.state == "note"]
    assert len(notes) == bool(words)
    assert words in "".join(notes)


def test_checking_takes_a_few_images_once_and_changes_nothing() -> None:
    seen: list[int] = []

    class Seen(Sound):
        def forward(self, latents: Latents) -> Tensor:
            seen.append(len(latents))
            return super().forward(latents)

    generator = Seen()
    before, state = torch.get_rng_state(), {k: v.clone() for k, v in generator.state_dict().items()}
    check(generator)
    assert sum(seen) <= 25
    made = len(seen)
    check(generator)
    assert len(seen) == made
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(v, state[k]) for k, v in generator.state_dict().items())
    assert generator.training
    assert all(p.requires_grad for p in generator.parameters())


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_are_pictures(channels: int) -> None:
    assert no_pictures((channels, 32, 32)) == ""
    assert check(Planted()).fault(learns=True) == ""


def test_a_note_is_said_once_though_somebody_checked_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class TenChannels(Sound):
        image_shape = (10, 28, 28)

        def forward(self, latents: Latents) -> Tensor:
            return super().forward(latents).repeat(1, 10, 1, 1)  # (n, 10, 28, 28)

    generator = TenChannels()
    check(generator)  # as the plan does for methods that learn
    keep_contract(generator)
    keep_contract(generator)
    (record,) = caplog.records
    assert record.message == "TenChannels: its images have 10 channels, and a picture has 1 or 3"
