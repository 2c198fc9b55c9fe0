"""Redundancy of matrices whose answer is known: a good one, a duplicated one, one in between."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from benchmark.core.seeds import stream
from benchmark.directions.shift import random_orthonormal
from benchmark.metrics.redundancy import redundancy


def test_orthonormal_columns_are_not_redundant() -> None:
    result = redundancy(random_orthonormal(20, 8, stream("good")))
    assert result.max_cosine == pytest.approx(0.0, abs=1e-6)
    assert result.effective_rank == pytest.approx(8.0)


def test_every_column_twice_is_half_as_much() -> None:
    half = random_orthonormal(20, 4, stream("twice"))
    result = redundancy(torch.cat([half, -half], dim=1))
    assert result.max_cosine == pytest.approx(1.0)
    assert result.effective_rank == pytest.approx(4.0)


def test_one_direction_repeated_is_one() -> None:
    result = redundancy(torch.ones(20, 6) * torch.arange(1.0, 7.0))
    assert result.max_cosine == pytest.approx(1.0)
    assert result.effective_rank == pytest.approx(1.0, abs=1e-6)


def test_equals_a_loop_in_numpy_whatever_the_lengths() -> None:
    matrix = np.random.default_rng(1).normal(size=(10, 7)) * np.arange(1, 8)
    unit = matrix / np.linalg.norm(matrix, axis=0)
    largest = [max(abs(unit[:, i] @ unit[:, j]) for j in range(7) if j != i) for i in range(7)]
    values = np.linalg.svd(unit, compute_uv=False)
    result = redundancy(torch.from_numpy(matrix))
    assert result.max_cosine == pytest.approx(np.mean(largest))
    assert result.effective_rank == pytest.approx(np.exp(entropy(values / values.sum())))


def test_a_single_column_has_no_other() -> None:
    result = redundancy(torch.ones(5, 1))
    assert result.max_cosine == 0.0
    assert result.effective_rank == pytest.approx(1.0)
