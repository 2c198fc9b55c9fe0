"""Redundancy of matrices whose answer is known: a good one, a duplicated one, one in between."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from benchmark.core.seeds import stream
from benchmark.directions.matrices import random_orthonormal
from benchmark.metrics.redundancy import effective_rank, max_cosine


def test_orthonormal_columns_are_not_redundant() -> None:
    matrix = random_orthonormal(20, 8, stream("good"))
    assert max_cosine(matrix) == pytest.approx(0.0, abs=1e-6)
    assert effective_rank(matrix) == pytest.approx(8.0)


def test_every_column_twice_is_half_as_much() -> None:
    half = random_orthonormal(20, 4, stream("twice"))
    matrix = torch.cat([half, -half], dim=1)
    assert max_cosine(matrix) == pytest.approx(1.0)
    assert effective_rank(matrix) == pytest.approx(4.0)


def test_one_direction_repeated_is_one() -> None:
    matrix = torch.ones(20, 6) * torch.arange(1.0, 7.0)
    assert max_cosine(matrix) == pytest.approx(1.0)
    assert effective_rank(matrix) == pytest.approx(1.0, abs=1e-6)


def test_equals_a_loop_in_numpy_whatever_the_lengths() -> None:
    matrix = np.random.default_rng(1).normal(size=(10, 7)) * np.arange(1, 8)
    unit = matrix / np.linalg.norm(matrix, axis=0)
    largest = [max(abs(unit[:, i] @ unit[:, j]) for j in range(7) if j != i) for i in range(7)]
    values = np.linalg.svd(unit, compute_uv=False)
    given = torch.from_numpy(matrix)
    assert max_cosine(given) == pytest.approx(np.mean(largest))
    assert effective_rank(given) == pytest.approx(np.exp(entropy(values / values.sum())))


def test_a_single_column_has_no_other() -> None:
    matrix = torch.ones(5, 1)
    assert max_cosine(matrix) == 0.0
    assert effective_rank(matrix) == pytest.approx(1.0)
