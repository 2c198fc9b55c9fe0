"""Quality: the Frechet distance against scipy and closed forms; a good, a bad, a collapsed G."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator, Latents
from benchmark.generators.training.judge_training import TrainedJudge, trained_judge
from benchmark.generators.training.real_images import ImageSet
from benchmark.generators.training.sample_quality import frechet, frechet_of_gaussians, measure

RNG = np.random.default_rng(0)


def features(n: int, f: int, offset: float = 0.0) -> np.ndarray:
    return RNG.normal(size=(n, f)) @ RNG.normal(size=(f, f)) + offset


def test_frechet_against_scipy_sqrtm() -> None:
    a, b = features(400, 12), features(300, 12, offset=0.7)
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    offset = a.mean(axis=0) - b.mean(axis=0)
    expected = offset @ offset + np.trace(cov_a + cov_b - 2 * root)
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet(b, a) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_diagonal_gaussians() -> None:
    mean_a, mean_b = RNG.normal(size=5), RNG.normal(size=5)
    sd_a, sd_b = RNG.uniform(0, 2, size=5), RNG.uniform(0, 2, size=5)
    expected = ((mean_a - mean_b) ** 2).sum() + ((sd_a - sd_b) ** 2).sum()
    found = frechet_of_gaussians(mean_a, np.diag(sd_a**2), mean_b, np.diag(sd_b**2))
    assert found == pytest.approx(expected, rel=1e-12)


def test_frechet_of_one_dimension() -> None:
    a, b = RNG.normal(2, 3, size=(50, 1)), RNG.normal(0, 1, size=(60, 1))
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet(a, b) == pytest.approx(expected)


def test_frechet_to_itself_is_zero_even_where_features_are_dead() -> None:
    a = features(20, 30)  # fewer rows than features: a singular covariance
    a[:, :5] = 0
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet(a, a) >= 0
    assert frechet(a, a + 3) == pytest.approx(30 * 9)


class Shown(Generator):
    """Shows the given images, one per latent, whatever the latent."""

    latent_dim = 4

    def __init__(self, data: ImageSet, order: Tensor) -> None:
        super().__init__()
        self.data, self.order, self.image_shape, self.at = data, order, data.shape, 0
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, latents: Latents) -> Tensor:
        rows = self.order[self.at : self.at + len(latents)]
        self.at += len(latents)
        return self.data.batch(rows) * self.scale


@pytest.fixture(scope="module")
def judge(
    train: ImageSet, test: ImageSet, tmp_path_factory: pytest.TempPathFactory
) -> TrainedJudge:
    path: Path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    return trained_judge(train, test, path)


def test_a_perfect_generator_equals_the_real_images(
    judge: TrainedJudge, train: ImageSet, test: ImageSet
) -> None:
    quality = measure(Shown(test, torch.arange(300).flip(0)), judge, train, test)
    assert (quality.samples, quality.reference) == (300, 450)
    assert quality.made.confidence == pytest.approx(quality.test.confidence)
    assert quality.made.shares == quality.test.shares
    assert quality.made.frechet == pytest.approx(quality.test.frechet, rel=5e-3)
    assert (quality.accuracy, quality.guess) == (judge.accuracy, judge.guess)
    assert sum(quality.made.shares) == pytest.approx(1)
    np.testing.assert_allclose(quality.made.shares, 1 / 3, atol=0.02)


def test_the_halves_share_no_image_and_are_drawn_at_random(
    judge: TrainedJudge, train: ImageSet, test: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference and the other half, told by their pixels; both hold early and late images."""
    sets: list[ImageSet] = []
    look = TrainedJudge.look_at_all

    def spy(self: TrainedJudge, data: ImageSet) -> tuple[Tensor, Tensor]:
        sets.append(data)
        return look(self, data)

    monkeypatch.setattr(TrainedJudge, "look_at_all", spy)
    first = measure(Shown(test, torch.arange(300)), judge, train, test)
    reference, half, _ = sets
    assert (len(reference), len(half)) == (450, 300)
    place = {image.numpy().tobytes(): i for i, image in enumerate(train.images)}
    found = [
        [place[image.numpy().tobytes()] for image in data.images] for data in (reference, half)
    ]
    assert len({*found[0], *found[1]}) == 750
    assert all(0.4 < np.mean(np.array(rows) < 450) < 0.6 for rows in found)
    assert measure(Shown(test, torch.arange(300)), judge, train, test) == first


def test_a_collapsed_generator_makes_one_class(
    judge: TrainedJudge, train: ImageSet, test: ImageSet
) -> None:
    quality = measure(Shown(test, torch.full((300,), 1)), judge, train, test)
    assert quality.made.shares == (0, 1, 0)
    assert quality.made.frechet > 20 * quality.half.frechet


def test_a_generator_of_grey_is_not_clear(
    judge: TrainedJudge, train: ImageSet, test: ImageSet
) -> None:
    grey = Shown(test, torch.arange(300))
    grey.scale.data.zero_()
    quality = measure(grey, judge, train, test)
    assert quality.made.frechet > 20 * quality.half.frechet


def test_ten_thousand_samples_where_the_real_images_suffice(
    judge: TrainedJudge, train: ImageSet, test: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = train.rows(torch.arange(81))  # halves of 41 and 40
    assert measure(Shown(test, torch.arange(300)), judge, few, test).samples == 40
    monkeypatch.setattr("benchmark.generators.training.sample_quality.SAMPLES", 120)
    shown = Shown(test, torch.arange(300))
    quality = measure(shown, judge, train, test)
    assert (quality.samples, shown.at) == (120, 120)
