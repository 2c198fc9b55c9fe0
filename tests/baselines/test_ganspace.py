"""GANSpace where the answer is known: linear generators, and a loop over numpy's own PCA."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines import ganspace
from baselines.ganspace import GANSpace, largest, principal
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.prior import Prior
from benchmark.generators.registry import find_generator
from benchmark.methods.method import Assignment, Fitted
from benchmark.rca.protocol import Protocol
from tests.generators.small import new_generator


class Linear(Generator):
    """Features are `weight` (F, d) times z, plus a bias far from zero."""

    image_shape = (1, 32, 32)

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.latent_dim = weight.shape[1]
        self.layer = nn.Linear(weight.shape[1], len(weight))
        self.layer.weight.data = weight.float()
        self.layer.bias.data.fill_(7.0)

    def feature_layers(self) -> tuple[str, ...]:
        return ("layer",)

    def forward(self, latents: Latents) -> Tensor:
        return self.layer(latents.point)


class Nameless(Generator):
    latent_dim, image_shape = 6, (1, 32, 32)


def with_axes(features: int, strengths: Tensor) -> tuple[Linear, Tensor]:
    """A generator whose features follow known orthonormal axes (d, len(strengths))."""
    rng = stream("axes", features)
    axes = torch.linalg.qr(torch.randn(10, 10, generator=rng, dtype=torch.float64)).Q
    axes = axes[:, : len(strengths)]  # (d, r)
    out = torch.linalg.qr(torch.randn(features, features, generator=rng, dtype=torch.float64)).Q
    return Linear(out[:, : len(strengths)] * strengths @ axes.T), axes


def fitted(generator: Generator, k: int, method: GANSpace = GANSpace(), seed: str = "a") -> Fitted:  # noqa: B008 - frozen
    task = Assignment(generator, generator, Protocol(k=k), stream(seed), "questions", r_seed=0)
    return method.fit(task)


def columns(found: Fitted) -> Tensor:
    return found.shift.matrix()  # type: ignore[no-any-return,operator]  # a linear shift


@pytest.mark.parametrize("features", [10, 300, 7])
def test_the_axes_of_a_linear_generator_are_found_in_order(features: int) -> None:
    """As wide as the latents, wider, and narrower, where three axes reach no feature."""
    strengths = torch.tensor([9.0, 6.0, 4.0, 2.5, 1.5, 1.0, 0.5], dtype=torch.float64)
    generator, axes = with_axes(features, strengths)
    found = fitted(generator, 5)
    overlap = (columns(found).T @ axes).abs()  # (K, r)
    assert overlap.diagonal().min() > 0.999
    told = [float(share) for share in found.notes["shares"].split()]
    shares = strengths.square() / strengths.square().sum()
    np.testing.assert_allclose(told, shares[:5].numpy(), rtol=0.05)
    assert found.notes["layer"] == "layer"


def test_a_prior_whose_mean_is_not_zero_leads_no_column_astray() -> None:
    strengths = torch.tensor([9.0, 6.0, 4.0, 2.5, 1.5, 1.0, 0.5], dtype=torch.float64)
    generator, axes = with_axes(10, strengths)
    generator.prior = Prior.uniform(0.0, 1.0)
    method = GANSpace(samples=1_000, components=7, regression=1_000)
    overlap = (columns(fitted(generator, 5, method)).T @ axes).abs()  # (K, r)
    generator.prior = Prior.uniform(-0.5, 0.5)  # the same but for the mean
    centred = (columns(fitted(generator, 5, method)).T @ axes).abs()  # (K, r)
    torch.testing.assert_close(overlap, centred, atol=0.005, rtol=0)


def test_every_step_agrees_with_a_loop_in_numpy() -> None:
    generator = new_generator().requires_grad_(False)
    method = GANSpace(layer="model.2", samples=700, components=9, regression=600)
    rng = stream("a")
    drawn = [generator.sample(n, rng) for n in (500, 200, 500, 100)]
    parts = [generator.features(z, "model.2").flatten(1).double().numpy() for z in drawn]
    seen, fresh = np.concatenate(parts[:2]), np.concatenate(parts[2:])
    z = torch.cat([latents.point for latents in drawn[2:]]).double().numpy()
    mean = seen.mean(axis=0)
    _, spread, axes = np.linalg.svd(seen - mean, full_matrices=False)
    x = (fresh - mean) @ axes[:9].T / (spread[:9] / np.sqrt(len(seen)))
    rows = np.linalg.solve(x.T @ x, x.T @ z)[:6]
    expected = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T  # (d, K)
    found = columns(fitted(generator, 6, method)).numpy()
    np.testing.assert_allclose(found, expected * np.sign((expected * found).sum(axis=0)), atol=1e-9)


def test_moments_are_those_of_all_batches_together() -> None:
    x = 5.0 + torch.randn(90, 12, generator=stream("x"), dtype=torch.float64)
    whole, parts = principal([x], 4), principal(iter(x.split(20)), 4)
    oracle = np.linalg.eigh(np.cov(x.numpy().T, bias=True))
    for one in (whole, parts):
        variances = oracle.eigenvalues[::-1][:4]
        np.testing.assert_allclose(one.deviations.square(), variances, rtol=1e-12)
        np.testing.assert_allclose(one.mean, x.mean(dim=0), rtol=1e-12)
        overlap = one.axes.T.numpy() @ oracle.eigenvectors[:, ::-1][:, :4]
        np.testing.assert_allclose(np.abs(overlap), np.eye(4), atol=1e-10)


@pytest.mark.parametrize("count", [3, 20, 40])
def test_both_solvers_give_the_largest_first(count: int) -> None:
    """Lanczos for few of them, a full solver for many: the rule is in the size."""
    x = np.random.default_rng(0).standard_normal((60, 40))
    values, vectors = largest(x.T @ x, count)
    np.testing.assert_allclose(values, np.linalg.svd(x)[1][:count] ** 2, rtol=1e-10)
    np.testing.assert_allclose(x.T @ x @ vectors, vectors * values, atol=1e-8)


def test_a_stream_fixes_the_answer_and_threads_hardly_touch_it() -> None:
    generator = new_generator()
    method = GANSpace(samples=800, components=10, regression=400)
    first = columns(fitted(generator, 6, method))
    assert torch.equal(columns(fitted(generator, 6, method)), first)
    assert (columns(fitted(generator, 6, method, "b")) - first).abs().max() > 1e-4
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2 if before == 1 else 1)
        torch.testing.assert_close(columns(fitted(generator, 6, method)), first, atol=1e-6, rtol=0)
    finally:
        torch.set_num_threads(before)


def test_columns_are_unit_and_each_with_its_largest_entry_positive() -> None:
    matrix = columns(fitted(Planted(), 8))
    torch.testing.assert_close(matrix.norm(dim=0), torch.ones(8, dtype=torch.float64))
    assert (matrix.abs().max(dim=0).values == matrix.max(dim=0).values).all()


@pytest.mark.parametrize(
    ("name", "layer", "components"),
    [
        ("mnist-sngan", "model.0", 80),
        ("celeba-proggan-small", "layers.0", 80),
        ("cifar-biggan-small", "blocks.0.0", 80),  # 20 of 80 latent dimensions reach the first
        ("planted", "factors", 8),
    ],
)
def test_the_first_layer_with_k_components_is_taken(name: str, layer: str, components: int) -> None:
    generator = find_generator(name)[1].load()
    assert GANSpace().chosen(generator, generator.usual.k) == (layer, components)


def test_fewer_directions_than_the_first_chunk_of_a_biggan_stay_at_its_first_layer() -> None:
    generator = find_generator("cifar-biggan-small")[1].load()
    assert GANSpace().chosen(generator, 20) == ("linear", 20)
    assert GANSpace().chosen(generator, 21)[0] == "blocks.0.0"


class Empty(Generator):
    latent_dim, image_shape = 6, (1, 32, 32)

    def feature_layers(self) -> tuple[str, ...]:
        return ()


def test_what_cannot_be_served_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for generator, k, message in (
        (Nameless(), 4, "Nameless does not name its layers"),
        (Empty(), 4, "Empty names no layer"),
        (Planted(), 9, "k = 9 components .*, but factors has 8 components$"),
    ):
        with pytest.raises(Unserved, match=message) as caught:
            GANSpace().check(generator, Protocol(k=k))
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(ganspace, "WIDEST", 7)
    with pytest.raises(Unserved, match=r"no more than 7 features, but factors has 8 features$"):
        GANSpace().check(Planted(), Protocol(k=4))


@pytest.mark.parametrize("setting", ["samples", "components", "regression"])
def test_impossible_numbers_are_refused(setting: str) -> None:
    with pytest.raises(BenchError, match=rf"ganspace\.{setting} must be at least 1, not 0"):
        replace(GANSpace(), **{setting: 0})


def test_few_samples_fit_few_components_and_no_more_than_they_have() -> None:
    generator = new_generator()
    few = GANSpace(samples=7, components=80, regression=9)
    assert few.chosen(generator, 5) == ("model.0", 6)
    assert bool(columns(fitted(generator, 5, few)).isfinite().all())
    with pytest.raises(BenchError, match="must be above k = 7, not 7 and 9") as found:
        few.check(generator, Protocol(k=7))
    assert not isinstance(found.value, Unserved)


def test_a_wrong_layer_is_an_error_and_no_reason_to_skip() -> None:
    with pytest.raises(BenchError, match="layer of Planted 'factor'; did you mean fac") as found:
        GANSpace(layer="factor").check(Planted(), Protocol(k=4))
    assert not isinstance(found.value, Unserved)


def test_a_generator_that_fails_is_left_to_its_own_cell() -> None:
    class Broken(Nameless):
        def feature_layers(self) -> tuple[str, ...]:
            return ("gone",)

    GANSpace().check(Broken(), Protocol(k=4))
    with pytest.raises(BenchError, match="Broken has no module 'gone'"):
        fitted(Broken(), 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same() -> None:
    generator = new_generator()
    method = GANSpace(samples=800, components=10, regression=400)
    task = Assignment(
        generator, generator, Protocol(k=6), stream("a"), "q", r_seed=0, device="cuda"
    )
    there, here = columns(method.fit(task)), columns(fitted(generator, 6, method))
    torch.testing.assert_close(there, here, atol=1e-3, rtol=0)
