"""How good a generator is, in the eyes of a judge trained on the real images."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator
from benchmark.generators.training.judge_tasks import AT_ONCE, Task
from benchmark.generators.training.judge_training import TrainedJudge
from benchmark.generators.training.real_images import ImageSet

SAMPLES = 10_000


@dataclass(frozen=True)
class Seen:
    """What a judge sees in n images.

    frechet: Frechet distance of their features from those of the reference images. confidence: how
    sure it is of what they show, None where its task names nothing. shares: part of the images that
    show each of the names of its task.
    """

    frechet: float
    confidence: float | None
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Quality:
    """What a judge sees in a generator's samples, and in as many real images.

    task, accuracy, guess: the judge's. reference: the number of training images that all distances
    are measured from, a random half of them. reference_shares: what these show. made: `samples`
    samples. half: as many images of the other half, so its distance is what chance alone and this
    number of images make. test: as many test images, which the judge never saw; where their
    distance is larger than that of the half, the judge knows the training images by heart.
    early_frechet: of the generator as it was after `early_step` steps, for comparison; its images
    had sides of `early_side` pixels then, and were enlarged.
    """

    task: Task
    accuracy: float
    guess: float
    samples: int
    reference: int
    reference_shares: tuple[float, ...]
    made: Seen
    half: Seen
    test: Seen
    early_frechet: float | None = None
    early_step: int = 0
    early_side: int = 0


@torch.no_grad()
def measure(
    generator: Generator,
    judge: TrainedJudge,
    train: ImageSet,
    test: ImageSet,
    young: Generator | None = None,
    early_step: int = 0,
) -> Quality:
    """Judge 10,000 samples of `generator`, or as many as there are test images or images in half of
    the training set where that is fewer: all distances carry the same bias of sample size.

    The same latents each time, so two generators of one latent size are judged on equal terms.
    young: the generator as it was after `early_step` steps of its training.
    """
    order = torch.randperm(len(train), generator=stream("quality", "halves"))
    reference, other = order.tensor_split(2)  # (m,), (m or m - 1,)
    n = min(SAMPLES, len(test), len(other))
    outputs, features = judge.look_at_all(train.rows(reference))

    def seen(outputs: Tensor, those: Tensor) -> Seen:
        distance = frechet(those.numpy(), features.numpy())
        return Seen(distance, *judge.task.seen(outputs))

    return Quality(
        task=judge.task,
        accuracy=judge.accuracy,
        guess=judge.guess,
        samples=n,
        reference=len(reference),
        reference_shares=judge.task.seen(outputs)[1],
        made=seen(*_look_at_samples(generator, judge, n)),
        half=seen(*judge.look_at_all(train.rows(other[:n]))),
        test=seen(*judge.look_at_all(test.first(n))),
        early_frechet=None if young is None else seen(*_look_at_samples(young, judge, n)).frechet,
        early_step=early_step,
        early_side=0 if young is None else young.image_shape[1],
    )


def _look_at_samples(generator: Generator, judge: TrainedJudge, n: int) -> tuple[Tensor, Tensor]:
    """The judge's outputs (n, outputs) and features (n, 128) of n samples."""
    device = next(generator.parameters()).device
    latents = generator.sample(n, stream("quality"))
    looks = [
        judge.look(generator(latents[start : start + AT_ONCE].to(device)))
        for start in range(0, n, AT_ONCE)
    ]
    outputs, features = zip(*looks, strict=True)
    return torch.cat(outputs), torch.cat(features)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance between Gaussians fitted to (n, f) and (m, f) features, as in the FID.

    |mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 (cov_a cov_b)^(1/2)), computed in float64.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return frechet_of_gaussians(
        a.mean(axis=0),
        np.atleast_2d(np.cov(a, rowvar=False)),
        b.mean(axis=0),
        np.atleast_2d(np.cov(b, rowvar=False)),
    )


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
