"""How good a generator is, in the eyes of a judge trained on the real images."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.gan.images import ImageSet
from benchmark.gan.judge import AT_ONCE, Judge
from benchmark.generators.base import Generator
from benchmark.seeds import stream

SAMPLES = 10_000


@dataclass(frozen=True)
class Quality:
    """What a judge sees in `samples` samples, beside what it sees in real test images.

    confidence: mean top probability. shares: part of the samples in each class, by top probability.
    frechet: Frechet distance of the samples' features from those of the training images; the
    `real_` fields say the same of as many test images, so both carry the same bias of sample size.
    accuracy: the judge's own, on the test images. by_class: it judges classes, not how far an image
    was turned, when the shares would say little. early_frechet: of the generator as it was after
    `early_step` steps, for comparison.
    """

    samples: int
    confidence: float
    shares: tuple[float, ...]
    frechet: float
    real_confidence: float
    real_shares: tuple[float, ...]
    real_frechet: float
    accuracy: float
    by_class: bool = True
    early_frechet: float = float("nan")
    early_step: int = 0


@torch.no_grad()
def measure(generator: Generator, judge: Judge, train: ImageSet, test: ImageSet) -> Quality:
    """Judge 10,000 samples of `generator`, or as many as there are test images where that is fewer.

    The same latents each time, so two generators of one latent size are judged on equal terms.
    """
    n = min(SAMPLES, len(test))
    device = next(generator.parameters()).device
    latents = generator.sample(n, stream("quality"))
    looks = [
        judge.look(generator(latents[start : start + AT_ONCE].to(device)))
        for start in range(0, n, AT_ONCE)
    ]
    probabilities = torch.cat([p for p, _ in looks])  # (n, classes)
    features = torch.cat([f for _, f in looks])  # (n, 128)
    real_probabilities, real_features = judge.look_at_all(test.first(n))
    _, train_features = judge.look_at_all(train)
    return Quality(
        samples=n,
        confidence=_confidence(probabilities),
        shares=_shares(probabilities),
        frechet=frechet(features.numpy(), train_features.numpy()),
        real_confidence=_confidence(real_probabilities),
        real_shares=_shares(real_probabilities),
        real_frechet=frechet(real_features.numpy(), train_features.numpy()),
        accuracy=judge.accuracy,
        by_class=judge.by_class,
    )


def _confidence(probabilities: Tensor) -> float:
    return float(probabilities.amax(dim=1).double().mean())


def _shares(probabilities: Tensor) -> tuple[float, ...]:
    n, classes = probabilities.shape
    return tuple((probabilities.argmax(dim=1).bincount(minlength=classes).double() / n).tolist())


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance between Gaussians fitted to (n, f) and (m, f) features, as in the FID.

    |mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 (cov_a cov_b)^(1/2)), computed in float64.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return frechet_of_gaussians(
        a.mean(axis=0), np.atleast_2d(np.cov(a, rowvar=False)),
        b.mean(axis=0), np.atleast_2d(np.cov(b, rowvar=False)),
    )  # fmt: skip


def frechet_of_gaussians(
    mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray
) -> float:
    """The same from means (f,) and covariances (f, f), which may be singular.

    cov_a cov_b has the eigenvalues of the symmetric root_a cov_b root_a, whose square roots add up
    to the trace of the matrix square root; so no complex rounding can come in.
    """
    values, vectors = np.linalg.eigh(cov_a)
    root_a = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T  # (f, f)
    eigenvalues = np.linalg.eigvalsh(root_a @ cov_b @ root_a).clip(min=0)  # (f,)
    offset = mean_a - mean_b
    distance = offset @ offset + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(eigenvalues).sum()
    return float(max(distance, 0.0))  # rounding may leave -1e-12 between equal Gaussians
