"""Hessian Penalty and OroJaR: zero where directions do not interact, elsewhere what loops say."""

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import METHODS
from baselines.hessian_penalty import HessianPenalty
from baselines.orojar import OroJaR
from baselines.penalised import GramSchmidt, Penalised
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment
from benchmark.metrics.recovery import recovery
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import Shifts
from tests.generators.disturbed import FAMILIES, disturbed

D, K = 5, 3
SIGNS = np.array(list(product([-1.0, 1.0], repeat=K)))  # (8, K): all that x can be
MIX = torch.randn(12, D, D, generator=stream("mix"), dtype=torch.float64)  # of 12 pixels
RAW = torch.randn(D, K, generator=stream("raw"), dtype=torch.float64)


class Made(Generator):
    """Images (n, 1, 3, 4) whose 12 pixels are a function of z (n, d)."""

    latent_dim, image_shape = D, (1, 3, 4)

    def __init__(self, pixels: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.pixels = pixels

    def forward(self, latents: Latents) -> Tensor:
        return self.pixels(latents.point).unflatten(1, self.image_shape)


def quadratic(z: Tensor) -> Tensor:
    return torch.einsum("ni,pij,nj->np", z, MIX, z)  # (n, 12)


def bent(z: Tensor) -> Tensor:
    return torch.sin(quadratic(z) / 8)


def linear(z: Tensor) -> Tensor:
    return z @ MIX[:, 0].T  # (n, 12)


def apart(z: Tensor) -> Tensor:
    """Each pixel listens to one coordinate."""
    own = z[:, torch.arange(12) % D]  # (n, 12)
    return torch.sin(own) + own**3


class AllPairs:
    """Both draws of x as every pair there is, one pair a row of the batch."""

    def steps_along(self, w: Tensor, rng: torch.Generator) -> Tensor:
        one, two = zip(*product(SIGNS, SIGNS), strict=True)
        return self.difference * torch.tensor(np.stack([one, two]))  # (2, 64, K)


class AllHessian(AllPairs, HessianPenalty):
    pass


class AllOroJaR(AllPairs, OroJaR):
    pass


Z = torch.randn(D, generator=stream("z"), dtype=torch.float64)
SAME = Shifts(  # one question 64 times, so the mean over the batch is the expectation over x
    Latents(Z.repeat(64, 1)), torch.ones(64).long(), torch.full((64,), 0.7).double()
)


def questions(n: int) -> Shifts:
    point = torch.randn(n, D, generator=stream("points"), dtype=torch.float64)
    eps = torch.linspace(-2.0, 2.0, n, dtype=torch.float64)
    return Shifts(Latents(point), torch.arange(n) % K, eps)


def by_gram_schmidt(raw: Tensor) -> Tensor:
    """(d, K) orthonormal columns, one after another."""
    done: list[Tensor] = []
    for column in raw.T:
        rest = column - sum((column @ other) * other for other in done)
        done.append(rest / rest.norm())
    return torch.stack(done, dim=1)


def test_columns_are_those_of_gram_schmidt_and_so_is_the_gradient() -> None:
    shift, plain = GramSchmidt(RAW), RAW.clone().requires_grad_(True)
    weight = torch.randn(D, K, generator=stream("weight"), dtype=torch.float64)
    (shift.matrix() * weight).sum().backward()
    (by_gram_schmidt(plain) * weight).sum().backward()
    torch.testing.assert_close(shift.matrix(), by_gram_schmidt(plain), rtol=0, atol=1e-14)
    torch.testing.assert_close(shift.raw.grad, plain.grad, rtol=0, atol=1e-13)


def test_the_hessian_penalty_is_the_variance_over_all_signs_of_second_differences() -> None:
    loss = AllHessian().loss(Made(bent), GramSchmidt(RAW), SAME, stream("unused"))
    columns, z = by_gram_schmidt(RAW).numpy(), Z.numpy()

    def image(w: np.ndarray) -> np.ndarray:
        return bent(torch.tensor(z + columns @ w)[None]).numpy()[0]

    w = np.array([0.0, 0.7, 0.0])
    seconds = [(image(w + 0.1 * x) - 2 * image(w) + image(w - 0.1 * x)) / 0.1**2 for x in SIGNS]
    assert loss.item() == pytest.approx(np.var(seconds, axis=0).mean(), rel=1e-9)


def test_orojar_is_the_variance_over_all_signs_of_squared_lengths() -> None:
    loss = AllOroJaR().loss(Made(bent), GramSchmidt(RAW), SAME, stream("unused"))
    columns, z = by_gram_schmidt(RAW).numpy(), Z.numpy()

    def image(w: np.ndarray) -> np.ndarray:
        return bent(torch.tensor(z + columns @ w)[None]).numpy()[0]

    lengths = [np.sum(((image(0.1 * x) - image(0 * x)) / 0.1) ** 2) for x in SIGNS]
    assert loss.item() == pytest.approx(np.var(lengths), rel=1e-9)


def test_in_expectation_they_are_what_lies_off_the_diagonal() -> None:
    columns = by_gram_schmidt(RAW).numpy()
    mix = MIX.numpy()
    hessians = columns.T @ (mix + mix.transpose(0, 2, 1)) @ columns  # (12, K, K)
    off = hessians * (1 - np.eye(K))
    loss = AllHessian().loss(Made(quadratic), GramSchmidt(RAW), SAME, stream("unused"))
    assert loss.item() == pytest.approx(2 * (off**2).sum(axis=(1, 2)).mean(), rel=1e-9)

    jacobian = mix[:, 0] @ columns  # (12, K)
    off = (jacobian.T @ jacobian) * (1 - np.eye(K))
    loss = AllOroJaR().loss(Made(linear), GramSchmidt(RAW), SAME, stream("unused"))
    assert loss.item() == pytest.approx(2 * (off**2).sum(), rel=1e-9)


def test_both_are_zero_where_directions_do_not_interact_and_not_where_they_do() -> None:
    along = GramSchmidt(torch.eye(D, K, dtype=torch.float64))
    across = GramSchmidt(RAW)
    assert HessianPenalty().loss(Made(apart), along, questions(9), stream("x")).item() < 1e-20
    assert HessianPenalty().loss(Made(apart), across, questions(9), stream("x")).item() > 1e-2

    stretched = Made(lambda z: z[:, torch.arange(12) % D] * torch.arange(1.0, 13).double())
    assert OroJaR().loss(stretched, along, questions(9), stream("x")).item() < 1e-20
    assert OroJaR().loss(stretched, across, questions(9), stream("x")).item() > 1e-2


def test_signs_are_drawn_fairly_and_anew_for_each_latent_and_draw() -> None:
    w = torch.zeros(500, 4)
    steps = HessianPenalty(difference=0.3).steps_along(w, stream("x"))
    assert steps.shape == (2, 500, 4)
    assert torch.equal(steps.abs(), torch.full_like(steps, 0.3))
    rows = steps.flatten(0, 1).sign().numpy()  # (1000, 4): correlations are below 0.1 by chance
    assert np.abs(rows.mean(axis=0)).max() < 0.1
    assert np.abs(np.corrcoef(rows.T) - np.eye(4)).max() < 0.1
    assert abs(float((steps[0].sign() * steps[1].sign()).mean())) < 0.1


@pytest.mark.parametrize("kind", [HessianPenalty, OroJaR])
def test_the_gradient_reaches_a_alone(kind: type[Penalised]) -> None:
    generator = FAMILIES["sngan-32"]().eval().requires_grad_(False)
    shift = GramSchmidt(torch.eye(generator.latent_dim, 4))
    shifts = Shifts(generator.sample(3, stream("z")), torch.tensor([0, 1, 2]), torch.ones(3))
    kind().loss(generator, shift, shifts, stream("x")).backward()
    assert float(shift.raw.grad.abs().max()) > 0
    assert all(parameter.grad is None for parameter in generator.parameters())


@cache
def both_forms(family: str) -> tuple[Generator, Generator]:
    """A small generator in float64, as it is and rewritten for speed."""
    torch.manual_seed(0)
    generator = disturbed(FAMILIES[family]()) if family in FAMILIES else Planted().double()
    return generator, prepare(generator)


@pytest.mark.parametrize("family", ["sngan-32", "sngan-64", "biggan-32", "proggan", "planted"])
@pytest.mark.parametrize("name", ["hessian_penalty", "orojar", "latentclr"])
def test_the_fast_form_of_every_family_gives_the_same_loss_and_gradient(
    family: str, name: str
) -> None:
    generator, fast = both_forms(family)
    method, k = METHODS[name](), 3
    latents = generator.sample(4, stream("z"))
    latents = Latents(latents.point.double(), latents.labels)
    shifts = Shifts(latents, torch.arange(4) % k, torch.tensor([1.0, -2.0, 3.0, 0.5]).double())
    found = []
    for model in (generator, fast):
        task = Assignment(generator, model, Protocol(k=k), stream("fit"), "q", 0)
        shift = method.untrained(task).double()
        loss = method.loss(model, shift, shifts, stream("x"))
        loss.backward()
        found.append((loss.detach(), shift.raw.grad))
    assert float(found[0][1].abs().max()) > 0
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-6, atol=1e-9)


def fitted(method: Penalised, steps: int, k: int) -> Tensor:
    terms = Protocol(k=k, steps=steps, batch=8)
    task = Assignment(Planted(), prepare(Planted()), terms, stream("fit"), "q", 0)
    return method.fit(task).shift.matrix()


@pytest.mark.parametrize("kind", [HessianPenalty, OroJaR])
def test_training_makes_the_penalty_small(kind: type[Penalised]) -> None:
    generator, before = Planted(), GramSchmidt(torch.eye(16, 8))
    after = GramSchmidt(fitted(kind(start="axes"), 60, 8))
    shifts = Shifts(
        generator.sample(64, stream("z")),
        torch.arange(64) % 8,
        torch.linspace(-6, 6, 64),
    )
    with torch.no_grad():
        one, two = (kind().loss(generator, s, shifts, stream("x")) for s in (before, after))
    assert two.item() < 0.7 * one.item()


def test_over_all_of_the_space_the_hessian_penalty_turns_towards_the_planted_axes() -> None:
    """Over half of it, it finds the half of the planted space that does nothing."""
    truth = Planted().true_directions()
    assert recovery(fitted(HessianPenalty(start="axes"), 100, 16), truth) > 0.6
    assert recovery(fitted(HessianPenalty(start="axes"), 100, 8), truth) < 0.4


@pytest.mark.parametrize("name", ["hessian_penalty", "orojar"])
def test_what_cannot_be_served_or_set(name: str) -> None:
    kind = METHODS[name]
    with pytest.raises(Unserved, match="17 orthonormal directions do not fit 16"):
        kind().check(Planted(), Protocol(k=17))
    with pytest.raises(Unserved, match="against each other; take k = 2 or more"):
        kind().check(Planted(), Protocol(k=1))
    with pytest.raises(BenchError, match="unknown start 'axis'; did you mean axes"):
        kind(start="axis")
    with pytest.raises(BenchError, match="difference must be above 0, not 0"):
        kind(difference=0.0)
