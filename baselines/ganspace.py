"""GANSpace: principal components of an early layer, carried back to the latents (Härkönen et al.,
NeurIPS 2020)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh, lstsq
from scipy.sparse.linalg import eigsh
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError, Unserved, unknown
from benchmark.core.failures import Failure, attempt
from benchmark.core.progress import phase
from benchmark.directions.matrices import in_words, upright
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.generators.fast.settling import frozen_copy
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.protocol import Protocol

WIDEST = 1 << 14  # features of a layer whose second moments, in float64, still fit into 2 GB
BATCH = 500
RANK = 1e-5  # of the largest singular value; below it lies the rounding of float32 features


@dataclass(frozen=True)
class GANSpace(Method):
    """Latent directions of the principal components of a layer's features, by their variance.

    layer: one of `feature_layers()`, or "" for the first that has K components. samples: latents
    whose features are analysed. components: how many are fitted, at least K. regression: fresh
    latents that carry the components back.
    """

    role = "baseline"

    layer: str = ""
    samples: int = 20_000
    components: int = 80
    regression: int = 10_000

    def __post_init__(self) -> None:
        for name in ("samples", "components", "regression"):
            if getattr(self, name) < 1:
                raise BenchError(f"ganspace.{name} must be at least 1, not {getattr(self, name)}")

    def check(self, generator: Generator, protocol: Protocol) -> None:
        names = generator.feature_layers()
        if not names:
            raise Unserved(
                f"{type(generator).__name__} names no layer whose features are to be read"
            )
        if self.layer and self.layer not in names:
            raise unknown(f"layer of {type(generator).__name__}", self.layer, names)
        if min(self.samples, self.regression) <= protocol.k:
            raise BenchError(
                f"ganspace.samples and ganspace.regression must be above k = {protocol.k}, not "
                f"{self.samples} and {self.regression}"
            )
        found = attempt(self.chosen, generator, protocol.k)
        if isinstance(found, Failure) and found.unserved:  # any other one is the cell's own
            raise Unserved(found.reason)

    @torch.no_grad()
    def chosen(self, generator: Generator, k: int) -> tuple[str, int]:
        """The layer to analyse, and how many components to fit there. Raises Unserved."""
        wanted = min(max(k, self.components), self.samples - 1, self.regression - 1)
        seen = []
        for layer in (self.layer,) if self.layer else generator.feature_layers():
            rng = torch.Generator().manual_seed(0)
            width = generator.features(generator.sample(1, rng), layer).numel()
            if width > WIDEST:
                seen.append(f"{layer} has {width:,} features")
                continue
            x = torch.cat([x for _, x in drawn(generator, layer, 2 * wanted, rng)])  # (n, F)
            rank = int(torch.linalg.matrix_rank(x - x.mean(dim=0), rtol=RANK))
            if rank >= k:
                return layer, min(rank, wanted)
            seen.append(f"{layer} has {rank} components")
        raise Unserved(
            f"ganspace needs a layer with k = {k} components and no more than {WIDEST:,} features, "
            f"but {', '.join(seen)}"
        )

    @torch.no_grad()
    def fit(self, task: Assignment) -> Fitted:
        layer, count = self.chosen(task.original, task.protocol.k)
        device = task.device
        generator = frozen_copy(task.original).to(device)  # a fast copy may lack the layer
        with phase(f"{task.label}: components of {layer}"):
            features = (x for _, x in drawn(generator, layer, self.samples, task.rng, device))
            found = principal(features, count)
            if layer == task.original.space:  # in w itself there is nothing to carry back
                columns = found.axes[:, : task.protocol.k].cpu()  # (d, K)
            else:
                columns = self._carried_back(generator, layer, found, task)
        matrix = F.normalize(columns, dim=0)  # (d, K)
        notes = {"layer": layer, "shares": in_words(found.shares[: task.protocol.k])}
        return Fitted(FrozenLinear(upright(matrix)), notes=notes)

    def _carried_back(
        self, generator: Generator, layer: str, found: "Components", task: Assignment
    ) -> Tensor:
        """(d, K): the moves of latents that go with the first K components of their features."""
        coordinates, points = [], []
        for z, x in drawn(generator, layer, self.regression, task.rng, task.device):
            along = (x - found.mean) @ found.axes / found.deviations  # (b, C)
            coordinates.append(along.cpu())
            points.append(z.cpu())  # (b, d)
        of_points = torch.cat(points)  # (n, d)
        if generator.space != "z" or not generator.prior.centred:
            of_points = of_points - of_points.mean(dim=0)  # else the mean enters every row
        # scipy's, since the last bits of torch's depend on where in memory the numbers lie
        rows, *_ = lstsq(torch.cat(coordinates).numpy(), of_points.numpy())  # (C, d)
        return torch.from_numpy(rows[: task.protocol.k].T)  # (d, K)


@dataclass(frozen=True)
class Components:
    """Of F features, in float64: their mean (F,), C unit axes (F, C), the largest variance first,
    the standard deviation along each (C,) and its share of all variance (C,)."""

    mean: Tensor
    axes: Tensor
    deviations: Tensor
    shares: Tensor


def principal(features: Iterable[Tensor], count: int) -> Components:
    """The first `count` principal components of all rows in batches (b, F), which are seen once.

    They are exact up to rounding: what is kept of the batches are their second moments, on the
    device that they lie on.
    """
    n, total, moments = 0, torch.empty(0), torch.empty(0)
    for x in features:
        if not n:
            total, moments = x.new_zeros(x.shape[1]), x.new_zeros(x.shape[1], x.shape[1])
        n += len(x)
        total += x.sum(dim=0)  # (F,)
        moments.addmm_(x.T, x)  # (F, F)
    mean = total / n
    covariance = moments.div_(n).addr_(mean, mean, alpha=-1.0)  # (F, F)
    variances, axes = largest(covariance.cpu().numpy(), count)
    return Components(
        mean,
        torch.from_numpy(axes).to(mean),
        torch.from_numpy(variances).sqrt().to(mean),
        torch.from_numpy(variances) / float(covariance.trace()),
    )


def largest(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` largest eigenvalues (C,) of a symmetric matrix (F, F), the largest first, and
    their unit eigenvectors (F, C)."""
    size = len(matrix)
    if 2 * count < size:  # Lanczos: the same to the last digits, in a tenth of the time
        start = np.random.default_rng(0).standard_normal(size)  # the same every time
        values, vectors = eigsh(matrix, count, which="LA", v0=start)
    else:
        values, vectors = eigh(matrix, subset_by_index=(size - count, size - 1))
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]


def drawn(
    generator: Generator, layer: str, n: int, rng: torch.Generator, device: str = "cpu"
) -> Iterator[tuple[Tensor, Tensor]]:
    """n latents in batches (b, d) with their features (b, F) at the layer, both in float64."""
    for first in range(0, n, BATCH):
        latents = generator.sample(min(BATCH, n - first), rng).to(device)
        z = latents.base.double()  # (b, d)
        yield z, generator.features(latents, layer).flatten(1).double()  # (b, F)
