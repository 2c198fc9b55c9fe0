"""A hobby GAN that somebody brings: what its network wants is told as the line to write."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.asking.contract import check
from benchmark.generators.base import Generator, Latents, Usual
from benchmark.generators.prior import Prior

D = 12


class Net(nn.Module):
    """A generator of MNIST as they lie around: z (n, d) and the class (n,), 28 x 28 pixels."""

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embedding = nn.Embedding(n_classes, 6)
            self.net = nn.Sequential(nn.Linear(D + 6, 28 * 28), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        joined = torch.cat([z, self.embedding(labels)], dim=1)  # (n, d + 6)
        return self.net(joined).view(-1, 1, 28, 28)


class Sound(Generator):
    latent_dim, image_shape = D, (1, 28, 28)
    prior = Prior.uniform(-1, 1)
    n_classes = 10
    usual = Usual(max_shift=3.5)

    def __init__(self) -> None:
        super().__init__()
        self.network = Net()

    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point, latents.labels)


def test_one_with_a_prior_and_classes_keeps_all_of_it() -> None:
    assert [point.state for point in check(Sound()).points] == ["ok"] * 13


class NoClasses(Sound):
    n_classes = 0


class TooMany(Sound):
    n_classes = 1000


class OneTooMany(Sound):
    n_classes = 11


class Unlabelled(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(self.prior.draw(n, D, rng))


class FromOne(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return Latents(self.prior.draw(n, D, rng), 10 - torch.randint(2, (n,), generator=rng))


class Vectors(Sound):
    def sample(self, n: int, rng: torch.Generator) -> Latents:
        classes = torch.randint(10, (n,), generator=rng)
        return Latents(self.prior.draw(n, D, rng), F.one_hot(classes, 10).float())


class OneHot(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(D + 10, 28 * 28), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, latents: Latents) -> Tensor:
        return self.network(torch.cat([latents.point, latents.labels], dim=1))


class Unconditional(Sound):
    n_classes = 0

    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point, torch.zeros(len(latents), dtype=torch.int64))


class TwoArguments(Sound):
    def forward(self, z: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
        return self.network(z, labels)


class BareTensor(Sound):
    def forward(self, z: Tensor) -> Tensor:  # type: ignore[override]
        return self.network(z.view(-1, D), torch.zeros(len(z), dtype=torch.int64))


class BareLayer(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Linear(D, 784)

    def forward(self, z: Tensor) -> Tensor:  # type: ignore[override]
        return self.network(z)


class Column(Unconditional):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.ConvTranspose2d(D, 1, 28), nn.Tanh())

    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point)


class ColumnAndClass(Sound):
    n_classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.column = nn.ConvTranspose2d(D, 1, 28)

    def forward(self, latents: Latents) -> Tensor:
        z = latents.point
        return torch.tanh(self.column(z)) * self.network(z.flatten(1), latents.labels)


class Half(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.network.half()


class Flat(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return super().forward(latents).flatten(1)


class WithoutChannel(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return super().forward(latents).squeeze(1)


class ChannelsLast(Sound):
    image_shape = (3, 28, 28)

    def forward(self, latents: Latents) -> Tensor:
        return super().forward(latents).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoClasses, "it needs classes; say how many there are, as in NoClasses.n_classes = 10"),
        (TooMany, "it knows fewer classes than TooMany.sample draws (n_classes is 1000)"),
        (OneTooMany, "fails for class 0 or 10; OneTooMany.n_classes must be how many classes"),
        (Unlabelled, "gives no labels, but Unlabelled.n_classes is 10; leave sample out"),
        (FromOne, "they must be from 0 to 9, as FromOne.n_classes says"),
        (Vectors, "they must be int64 of (n,); make one-hot vectors of them in forward"),
        (OneHot, "its network takes one-hot classes; give it F.one_hot(latents.labels, 10)"),
        (TwoArguments, "it needs 2 arguments (z, labels), and it is given one; write forward(self"),
        (BareTensor, "it is given Latents, and z is latents.point (AttributeError: 'Latents'"),
        (BareLayer, "it is given Latents, and z is latents.point (TypeError: linear()"),
        (Column, "z as (n, 12, 1, 1); give it latents.point[:, :, None, None]"),
        (ColumnAndClass, "latents.point[:, :, None, None]; it needs classes; say how many"),
        (Half, "its weights are float16; end __init__ with self.float()"),
        (Flat, "as (4, 784), but Flat.image_shape is (1, 28, 28); end it with .reshape(-1, 1, 28,"),
        (WithoutChannel, "end it with .reshape(-1, 1, 28, 28)"),
        (ChannelsLast, "as (4, 28, 28, 3), but ChannelsLast.image_shape is (3, 28, 28); end it w"),
    ],
)
def test_what_a_network_wants_otherwise_is_told(kind: type[Generator], words: str) -> None:
    fault = check(kind()).fault(learns=True)
    assert words in fault
    assert kind.__name__ in fault
    assert "\n" not in fault


class OtherClass(Sound):
    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point, torch.zeros_like(latents.labels))


class FarShifts(Sound):
    usual = Usual()  # six standard deviations of a normal


class NearShifts(Sound):
    prior = Prior.uniform(-100, 100)


class ByHand(FarShifts):
    prior = Prior.normal()  # what sample does is what counts

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        latents = super().sample(n, rng)
        return Latents(torch.special.erf(latents.point / 2**0.5), latents.labels)  # U(-1, 1)


class W(FarShifts):
    """Its w holds the class, and is measured otherwise."""

    space = "w"

    def forward(self, latents: Latents) -> Tensor:
        return self.network(latents.point, torch.zeros_like(latents.labels))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Unconditional, ""),
        (OtherClass, "images do not depend on their class; OtherClass.forward (test_own.py line"),
        (FarShifts, "the usual max_shift of 6 is 10 standard deviations of its latents; usual ="),
        (ByHand, "usual = Usual(max_shift=3.5) in its file, or --set max_shift=3.5, would be six"),
        (NearShifts, "max_shift of 3.5 is 0.061 standard deviations"),
        (W, ""),
    ],
)
def test_what_can_be_measured_is_told_what_follows(kind: type[Generator], words: str) -> None:
    contract = check(kind())
    assert contract.fault(learns=True) == ""
    notes = [point.words for point in contract.points if point.state == "note"]
    assert len(notes) == bool(words)
    assert words in "".join(notes)


def test_a_generator_in_training_mode_is_asked_as_it_will_be_used() -> None:
    class Dropped(Sound):
        def forward(self, latents: Latents) -> Tensor:
            return F.dropout(super().forward(latents), training=self.training)

    assert check(Dropped().train()).fault(learns=True) == ""
