"""DCI, MIG and the FactorVAE score of codes whose answer is known, and against plain loops."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import entropy

from benchmark.core.seeds import stream
from benchmark.directions.matrices import random_orthonormal
from benchmark.generators.families.planted import Planted
from benchmark.metrics.disentanglement import (
    BINS,
    Disentanglement,
    dci,
    factor_vae,
    held_fixed,
    lasso,
    mutual_information_gap,
)
from benchmark.metrics.metric import measure
from benchmark.metrics.recovery import recovery

from .cells import cell_of

RNG = np.random.default_rng(5)
FACTORS = RNG.normal(size=(10_000, 4))
HELD = RNG.normal(size=(800, 64, 4))
TURN = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
EYE = np.eye(4)


def test_perfect_codes_are_perfect_whatever_their_order_sign_and_length() -> None:
    codes = FACTORS[:, [2, 0, 3, 1]] * [-1.0, 5.0, 0.1, 1.0]
    assert dci(codes, FACTORS) == pytest.approx((1.0, 1.0, 1.0), abs=2e-3)
    assert mutual_information_gap(codes, FACTORS) > 0.97
    assert factor_vae(HELD, EYE, EYE[:, [2, 0, 3, 1]], stream("votes")) == 1.0


def test_turned_codes_know_everything_and_are_disentangled_hardly() -> None:
    disentangled, complete, informative = dci(FACTORS @ TURN, FACTORS)
    assert disentangled < 0.5
    assert complete < 0.5
    assert informative > 0.99
    assert mutual_information_gap(FACTORS @ TURN, FACTORS) < 0.2
    assert factor_vae(HELD, EYE, TURN, stream("votes")) < 0.95


def test_codes_of_something_else_know_nothing() -> None:
    noise = np.random.default_rng(6).normal(size=(10_000, 4))
    assert dci(noise, FACTORS)[2] < 0.01
    assert mutual_information_gap(noise, FACTORS) < 0.01


def test_twins_close_the_gap_which_dci_does_not_see() -> None:
    codes = np.hstack([FACTORS, FACTORS])
    assert dci(codes, FACTORS) == pytest.approx((1.0, 1.0, 1.0), abs=2e-3)
    assert mutual_information_gap(codes, FACTORS) == pytest.approx(0.0, abs=1e-12)
    assert factor_vae(HELD, EYE, np.hstack([EYE, EYE]), stream("votes")) == 1.0


def test_one_factor_alone_is_a_quarter() -> None:
    """Four codes of one factor: nothing is known of the others."""
    codes = FACTORS[:, [0, 0, 0, 0]]
    assert dci(codes, FACTORS)[2] == pytest.approx(0.25, abs=0.01)


def test_the_lasso_is_the_minimum_that_a_general_optimiser_finds() -> None:
    codes = FACTORS @ TURN + 0.3 * FACTORS[:, [1, 1, 2, 2]]
    gram, target = codes.T @ codes / len(codes), codes.T @ FACTORS / len(codes)
    found = lasso(gram, target, 0.1)
    for f in range(4):

        def loss(parts: np.ndarray, f: int = f) -> float:
            b = parts[:4] - parts[4:]
            return float(b @ gram @ b / 2 - target[:, f] @ b + 0.1 * parts.sum())

        best = minimize(loss, np.full(8, 0.1), bounds=[(0, None)] * 8, tol=1e-14)
        assert found[:, f] == pytest.approx(best.x[:4] - best.x[4:], abs=1e-4)


def test_the_scores_follow_from_the_importance_as_entropies_say() -> None:
    codes = FACTORS @ TURN
    half, (c, v) = 5_000, ((a - a.mean(0)) / a.std(0) for a in (codes, FACTORS))
    weight = np.abs(lasso(c[:half].T @ c[:half] / half, c[:half].T @ v[:half] / half, 0.01))
    per_code = 1 - entropy(weight.T) / np.log(4)
    per_factor = 1 - entropy(weight) / np.log(4)
    found = dci(codes, FACTORS)
    assert found[0] == pytest.approx(np.average(per_code, weights=weight.sum(1)))
    assert found[1] == pytest.approx(np.average(per_factor, weights=weight.sum(0)))


def test_the_gap_is_that_of_a_loop_over_bins() -> None:
    codes = FACTORS @ TURN
    ends = np.arange(1, BINS) / BINS
    cut = [[np.quantile(column, ends) for column in values.T] for values in (codes, FACTORS)]
    gaps = []
    for f in range(4):
        known = []
        for j in range(4):
            joint = np.zeros((BINS, BINS))
            places = np.digitize(codes[:, j], cut[0][j]), np.digitize(FACTORS[:, f], cut[1][f])
            for a, b in zip(*places, strict=True):
                joint[a, b] += 1
            shares = joint / joint.sum()
            known.append(
                entropy(shares.sum(0)) + entropy(shares.sum(1)) - entropy(shares.reshape(-1))
            )
        first, second = sorted(known)[::-1][:2]
        gaps.append((first - second) / np.log(BINS))
    assert mutual_information_gap(codes, FACTORS) == pytest.approx(np.mean(gaps), abs=1e-3)


def test_factors_that_are_not_orthogonal_are_held_one_at_a_time() -> None:
    """Of two true directions at 60 degrees one is held, and the other varies as it did."""
    axes = np.array([[1.0, 0.5], [0.0, np.sqrt(0.75)], [0.0, 0.0]])
    held = np.random.default_rng(2).normal(size=(4, 64, 3))
    fixed = held_fixed(held, axes, np.array([0, 1, 0, 1]))
    for v, f in enumerate([0, 1, 0, 1]):
        before, after = held[v] @ axes, fixed[v] @ axes
        assert after[:, f] == pytest.approx(np.full(64, before[0, f]))
        assert after[:, 1 - f] == pytest.approx(before[:, 1 - f])
    assert fixed[:, :, 2] == pytest.approx(held[:, :, 2])


def test_on_planted_the_true_axes_are_best_and_random_ones_are_not() -> None:
    planted = Planted()
    metrics = {"disentanglement": Disentanglement()}
    right = measure(metrics, cell_of(planted, planted.axes))
    wrong = measure(metrics, cell_of(planted, random_orthonormal(16, 8, stream("random"))))
    assert all(right[name] > 0.97 for name in Disentanglement.columns)
    assert all(wrong[name] < 0.75 for name in Disentanglement.columns)
    assert wrong["mig"] < 0.1
    assert recovery(planted.axes, planted.axes) == pytest.approx(1.0)


def test_it_applies_where_there_are_factors_and_directions_to_tell_apart() -> None:
    planted = Planted()
    assert not Disentanglement().applies(cell_of(planted, planted.axes[:, :1]))
    planted.true_directions = lambda: None  # type: ignore[method-assign,assignment,return-value]
    assert not Disentanglement().applies(cell_of(planted, torch.eye(16, 4)))
