"""Priors: each is the distribution it says it is, and a seed gives what it always gave."""

from math import inf, nan

import numpy as np
import pytest
import torch
from scipy import special, stats

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN, BigGANOptions
from benchmark.generators.prior import Prior, draw_classes


@pytest.mark.parametrize(
    ("prior", "distribution"),
    [
        (Prior.normal(), stats.norm()),
        (Prior.uniform(-1, 1), stats.uniform(-1, 2)),
        (Prior.uniform(0.5, 3.0), stats.uniform(0.5, 2.5)),
        (Prior.truncated(0.4), stats.truncnorm(-0.4, 0.4)),
        (Prior.truncated(2), stats.truncnorm(-2, 2)),
    ],
)
def test_a_prior_is_the_distribution_it_says_it_is(prior: Prior, distribution: object) -> None:
    z = prior.draw(500, 40, stream("prior"))
    assert z.shape == (500, 40)
    assert z.dtype == torch.float32
    assert prior.low <= float(z.min()) <= float(z.max()) <= prior.high
    assert stats.kstest(z.numpy().ravel(), distribution.cdf).pvalue > 0.001  # type: ignore[attr-defined]
    assert prior.deviation == pytest.approx(distribution.std())  # type: ignore[attr-defined]
    assert stats.kstest(z[0].numpy(), distribution.cdf).pvalue > 0.001  # type: ignore[attr-defined]


def test_truncated_latents_are_those_of_the_same_quantile() -> None:
    z = Prior.normal().draw(300, 5, stream("z")).double().numpy()
    low, high = special.ndtr([-0.7, 0.7])
    expected = special.ndtri(low + special.ndtr(z) * (high - low))
    found = Prior.truncated(0.7).draw(300, 5, stream("z"))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_uniform_latents_are_those_of_the_usual_line() -> None:
    """A file that wrote `2 * torch.rand(n, d, generator=rng) - 1` gets the same bits."""
    by_hand = 2 * torch.rand(300, 5, generator=stream("z")) - 1
    assert torch.equal(Prior.uniform(-1, 1).draw(300, 5, stream("z")), by_hand)


def as_biggan_drew(truncation: float | None, classes: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    """BigGAN's own draw, as it was before there were priors."""
    rng = stream("z")
    z = torch.randn(200, 8, generator=rng)
    if truncation is not None:
        edge = torch.special.ndtr(torch.tensor(truncation, dtype=torch.float64))
        inside = 1.0 - edge + torch.special.ndtr(z.double()) * (2.0 * edge - 1.0)
        z = torch.special.ndtri(inside).clamp(-truncation, truncation).to(z.dtype)
    place = torch.rand(200, generator=rng, dtype=torch.float64) * len(classes)
    return z, torch.tensor(classes)[place.long()]


@pytest.mark.parametrize("truncation", [None, 0.5, 2.0])
@pytest.mark.parametrize("classes", [(0, 1, 2, 3, 4), (4, 1), (3,)])
def test_biggan_draws_bit_for_bit_what_it_drew(
    truncation: float | None, classes: tuple[int, ...]
) -> None:
    generator = BigGAN(32, latent_dim=8, width=1, n_classes=5, shared_dim=2)
    generator.configure(BigGANOptions(classes, truncation))
    latents = generator.sample(200, stream("z"))
    z, labels = as_biggan_drew(truncation, classes)
    assert torch.equal(latents.point, z)
    assert latents.labels is not None
    assert torch.equal(latents.labels, labels)


class Plain(Generator):
    latent_dim, image_shape = 6, (1, 28, 28)


class Conditional(Plain):
    prior = Prior.uniform(-1, 1)
    n_classes = 10


def test_a_generator_draws_from_its_prior_and_its_classes() -> None:
    plain = Plain().sample(50, stream("z"))
    assert plain.labels is None
    assert torch.equal(plain.point, torch.randn(50, 6, generator=stream("z")))
    latents = Conditional().sample(2000, stream("z"))
    assert torch.equal(latents.point, 2 * torch.rand(2000, 6, generator=stream("z")) - 1)
    assert latents.labels is not None
    counts = latents.labels.bincount(minlength=10)
    assert stats.chisquare(counts.numpy()).pvalue > 0.001
    assert torch.equal(latents.moved(torch.ones(6)).labels, latents.labels)  # type: ignore[arg-type]


def test_classes_are_drawn_uniform_over_those_that_are_named() -> None:
    drawn = draw_classes((7, 2), 1000, stream("classes"))
    assert drawn.dtype == torch.int64
    assert set(drawn.tolist()) == {2, 7}
    assert stats.binomtest(int((drawn == 7).sum()), 1000, 0.5).pvalue > 0.001


@pytest.mark.parametrize(
    ("text", "prior"),
    [
        ("normal", Prior.normal()),
        ("uniform:-1:1", Prior.uniform(-1, 1)),
        ("uniform:0:.5", Prior.uniform(0, 0.5)),
        ("truncated:2", Prior.truncated(2)),
    ],
)
def test_a_prior_can_be_named(text: str, prior: Prior) -> None:
    assert Prior.from_text(text) == prior


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unifrom:-1:1", "unknown prior 'unifrom'; did you mean uniform"),
        ("uniform", "a prior is normal, uniform:-1:1 or truncated:2, not 'uniform'"),
        ("uniform:-1", "uniform takes 2 numbers"),
        ("normal:1", "normal takes 0 numbers"),
        ("truncated:two", "not 'truncated:two'"),
        ("uniform:1:-1", "a uniform prior lies between two numbers, not 1.0 and -1.0"),
        ("truncated:0", "truncation must be above 0, not 0.0"),
    ],
)
def test_a_prior_that_there_is_not_is_one_line(text: str, words: str) -> None:
    with pytest.raises(BenchError) as error:
        Prior.from_text(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (-inf, 1), (0, nan)])
def test_a_uniform_prior_needs_two_numbers(low: float, high: float) -> None:
    with pytest.raises(BenchError, match="a uniform prior lies between two numbers"):
        Prior.uniform(low, high)
