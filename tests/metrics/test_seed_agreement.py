"""Agreement of two sets of directions whose answer is known, and against scipy."""

from itertools import permutations

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from benchmark.metrics.seed_agreement import matched_cosine, mean_angle

RNG = np.random.default_rng(4)


def unit(d: int, k: int) -> np.ndarray:
    columns = RNG.normal(size=(d, k))
    return columns / np.linalg.norm(columns, axis=0)


def test_the_same_directions_agree_whatever_their_order_sign_and_length() -> None:
    a = unit(12, 5)
    b = a[:, [3, 1, 0, 4, 2]] * [-1, 2, 0.5, 1, -3]
    assert matched_cosine(a, b) == pytest.approx(1.0)
    assert mean_angle(a, b) == pytest.approx(0.0, abs=1e-6)


def test_orthogonal_directions_do_not() -> None:
    eye = np.eye(8)
    assert matched_cosine(eye[:, :4], eye[:, 4:]) == 0.0
    assert mean_angle(eye[:, :4], eye[:, 4:]) == pytest.approx(90.0)


def test_a_turn_within_the_span_changes_the_directions_and_not_the_angle() -> None:
    a = np.linalg.qr(unit(10, 4))[0]
    b = a @ np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert matched_cosine(a, b) < 0.95
    assert mean_angle(a, b) == pytest.approx(0.0, abs=1e-6)


def test_twins_leave_one_of_each_without_a_match() -> None:
    """Directions 0 0 1 1 against 0 1 2 3: two match."""
    eye = np.eye(8)
    twins = eye[:, [0, 0, 1, 1]]
    assert matched_cosine(twins, eye[:, :4]) == pytest.approx(0.5)
    assert mean_angle(twins, eye[:, :4]) == pytest.approx(0.0, abs=1e-6)  # a plane within it


@pytest.mark.parametrize("sizes", [(4, 4), (3, 6), (6, 3)])
def test_the_angle_is_scipys_mean(sizes: tuple[int, int]) -> None:
    a, b = (unit(15, k) for k in sizes)
    assert mean_angle(a, b) == pytest.approx(np.degrees(subspace_angles(a, b)).mean())
    near = a + 1e-4 * RNG.normal(size=a.shape)
    expected = np.degrees(subspace_angles(a, near)).mean()
    assert mean_angle(a, near) == pytest.approx(expected, rel=1e-4)


def test_the_match_is_the_best_of_all() -> None:
    a, b = unit(6, 4), unit(6, 4)
    cosines = np.abs(a.T @ b)
    best = max(np.mean([cosines[i, p[i]] for i in range(4)]) for p in permutations(range(4)))
    assert matched_cosine(a, b) == pytest.approx(best)


def test_directions_that_fill_the_space_have_no_angle() -> None:
    assert np.isnan(mean_angle(unit(5, 5), unit(5, 3)))
    assert np.isnan(mean_angle(unit(5, 3), unit(5, 9)))
