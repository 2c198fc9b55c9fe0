"""DCI, MIG and the FactorVAE score, where the true factors are known.

The factors are how far latents lie along the true directions; the codes, how far along the found
ones. Definitions as in disentanglement_lib (Locatello et al., ICML 2019), except where it needs
discrete factors or gradient boosted trees: see `dci` and `mutual_information_gap`.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.tables.table import Column

SAMPLES = 10_000
PENALTY = 0.01  # of the lasso, on codes and factors of unit variance
SWEEPS = 1_000  # of its coordinate descent, at most
BINS = 20
VOTES, ALIKE = 800, 64  # of the FactorVAE score: votes for training, latents of one vote
TANGENTS = 64  # latents from which the tangents of a bent shift are averaged


class Disentanglement(Metric):
    """How well codes along the found directions stand for the true factors, one for one."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "dci_disentanglement": Column(
            "Where the true factors are known: does each direction stand for one factor? By the "
            "weights of a lasso from all directions to each factor; 1 is perfect. A direction "
            "that is there twice does not lower it.",
            better="high",
            aside=True,
        ),
        "dci_completeness": Column(
            "The reverse, by the same weights: does one direction stand for each factor? 1 is "
            "perfect.",
            better="high",
            aside=True,
        ),
        "dci_informativeness": Column(
            "How much of the factors the lasso explains, on latents it did not see: R^2, 1 is all.",
            better="high",
            aside=True,
        ),
        "mig": Column(
            "Mutual information gap: how much more the best direction knows of a factor than the "
            "second best, as a share of all there is to know; 0 where a direction is there twice.",
            better="high",
            label="MIG",
            aside=True,
        ),
        "factor_vae": Column(
            "FactorVAE score: a factor is held fixed, and the direction whose code then varies "
            "least gives it away; the share of right guesses.",
            better="high",
            label="FactorVAE score",
            aside=True,
        ),
    }

    def applies(self, cell: Evidence) -> bool:
        truth = cell.original.true_directions()
        return truth is not None and truth.shape[1] > 1 and cell.shift.k > 1

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        truth = cell.original.true_directions()
        assert truth is not None, "`applies` has looked"
        axes = _unit(truth)  # (d, F)
        columns = _unit(cell.shift.tangents(cell.sample(TANGENTS, "disentanglement tangents")))
        n = SAMPLES + 2 * VOTES * ALIKE
        point = cell.original.sample(n, cell.stream("disentanglement")).point
        z = point.reshape(n, -1, point.shape[-1])[:, 0].double().numpy()  # (n, d)
        free, held = z[:SAMPLES], z[SAMPLES:].reshape(2 * VOTES, ALIKE, -1)
        factors, codes = free @ axes, free @ columns  # (n, F), (n, K)
        names = ("dci_disentanglement", "dci_completeness", "dci_informativeness")
        return {
            **dict(zip(names, dci(codes, factors), strict=True)),
            "mig": mutual_information_gap(codes, factors),
            "factor_vae": factor_vae(held, axes, columns, cell.stream("disentanglement factors")),
        }


def dci(codes: np.ndarray, factors: np.ndarray) -> tuple[float, float, float]:
    """Disentanglement, completeness and informativeness (Eastwood & Williams, ICLR 2018).

    codes (n, K), factors (n, F); K, F >= 2. The importance of a code for a factor is its absolute
    weight in a lasso, one of their two regressors; disentanglement_lib takes trees. Informativeness
    is the mean R^2 on the second half of the samples, not below 0; the first half is learned from.
    """
    codes, factors = (_standard(part) for part in (codes, factors))
    half = len(codes) // 2
    learned, asked = codes[:half], codes[half:]
    weights = lasso(learned.T @ learned / half, learned.T @ factors[:half] / half, PENALTY)
    importance = np.abs(weights)  # (K, F)
    errors = ((factors[half:] - asked @ weights) ** 2).mean(axis=0)  # (F,)
    explained = 1.0 - errors / factors[half:].var(axis=0)
    disentangled = _concentration(importance)
    return disentangled, _concentration(importance.T), float(explained.clip(min=0).mean())


def lasso(gram: np.ndarray, target: np.ndarray, penalty: float) -> np.ndarray:
    """(K, F) weights b that minimise b^T gram b / 2 - target^T b + penalty |b|_1, by column.

    gram (K, K), target (K, F). Coordinate descent, from 0, so of two equal codes the first counts.
    """
    weights = np.zeros_like(target)
    for _ in range(SWEEPS):
        before = weights.copy()
        for j, own in enumerate(np.diag(gram)):
            pull = target[j] - gram[j] @ weights + own * weights[j]  # (F,)
            weights[j] = np.sign(pull) * np.maximum(np.abs(pull) - penalty, 0.0) / own
        if np.abs(weights - before).max() < 1e-8:
            break
    return weights


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray) -> float:
    """The mean over factors of the gap between the two codes that know most of it, as a share of
    its entropy (Chen et al., NeurIPS 2018). codes (n, K), factors (n, F); K >= 2.

    Both are cut into 20 bins of equally many samples; disentanglement_lib cuts codes into 20 of
    equal width, and its factors are discrete.
    """
    code_bins, factor_bins = _binned(codes), _binned(factors)
    gaps = []
    for f in range(factors.shape[1]):
        known = sorted(_information(column, factor_bins[:, f]) for column in code_bins.T)
        gaps.append((known[-1] - known[-2]) / np.log(BINS))
    return float(np.mean(gaps))


def factor_vae(
    held: np.ndarray, axes: np.ndarray, columns: np.ndarray, rng: torch.Generator
) -> float:
    """The accuracy of a majority vote (Kim & Mnih, ICML 2018) on the second half of the votes.

    held: (votes, latents of a vote, d), in each of which one factor, drawn from rng, is set to that
    of the first latent. axes (d, F), columns (d, K). A vote is the code whose variance within it,
    as a share of that over all, is least.
    """
    factors = axes.shape[1]
    chosen = torch.randint(factors, (len(held),), generator=rng).numpy()  # (v,)
    fixed = held_fixed(held, axes, chosen)  # (v, l, d)
    spread = (held @ columns).reshape(-1, columns.shape[1]).var(axis=0, ddof=1)  # (K,)
    least = ((fixed @ columns).var(axis=1, ddof=1) / spread).argmin(axis=1)  # (v,)
    half = len(held) // 2
    votes = np.zeros((columns.shape[1], factors))
    np.add.at(votes, (least[:half], chosen[:half]), 1)
    return float((votes.argmax(axis=1)[least[half:]] == chosen[half:]).mean())


def held_fixed(held: np.ndarray, axes: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(v, l, d) latents of v votes, in each of which the chosen factor, (v,), is that of its first
    latent, and all other factors are as they were in `held` (v, l, d). axes (d, F)."""
    # Moving along column f of `apart` changes factor f and no other.
    apart = axes @ np.linalg.inv(axes.T @ axes)  # (d, F)
    along = np.einsum("vld,vd->vl", held, axes.T[chosen])  # (v, l)
    moved: np.ndarray = (along[:, :1] - along)[:, :, None] * apart.T[chosen][:, None]  # (v, l, d)
    return held + moved


def _concentration(importance: np.ndarray) -> float:
    """The mean over rows of 1 - the entropy of their shares, in units of its maximum, weighted by
    the rows' sums; 0 where nothing has importance."""
    total = importance.sum(axis=1)  # (rows,)
    if not total.sum():
        return 0.0
    shares = importance[total > 0] / total[total > 0, None]
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(shares * logs).sum(axis=1) / np.log(importance.shape[1])
    return float(np.average(1.0 - entropy, weights=total[total > 0]))


def _binned(values: np.ndarray) -> np.ndarray:
    """(n, m) -> (n, m) int, the place of each among BINS bins of equally many."""
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return ranks * BINS // len(values)


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual information, in nats, of two (n,) columns of bins."""
    joint = np.bincount(a * BINS + b, minlength=BINS * BINS).reshape(BINS, BINS) / len(a)
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    found = joint > 0
    return float((joint[found] * np.log(joint[found] / apart[found])).sum())


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    found: np.ndarray = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found


def _unit(matrix: Tensor) -> np.ndarray:
    columns = matrix.detach().cpu().double()
    found: np.ndarray = (columns / columns.norm(dim=0, keepdim=True)).numpy()  # (d, K)
    return found
