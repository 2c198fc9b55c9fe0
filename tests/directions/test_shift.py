"""The three forms of A: what their columns are, before and after they learn."""

import pytest
import torch
from scipy import stats

from benchmark.core.seeds import stream
from benchmark.directions.matrices import (
    STARTS,
    OrthonormalLinear,
    UnitLinear,
    axes,
    random_orthonormal,
)
from benchmark.directions.shift import FrozenLinear


def learn(columns: torch.nn.Module, rate: float = 0.05) -> torch.Tensor:
    """Some steps of Adam towards a matrix that is neither unit nor orthonormal."""
    target = torch.randn(columns.matrix().shape, generator=stream("target"))
    optimiser = torch.optim.Adam(columns.parameters(), lr=rate)
    for _ in range(20):
        optimiser.zero_grad()
        (columns.matrix() - target).square().sum().backward()
        optimiser.step()
    return columns.matrix().detach()


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("d", "k"), [(12, 5), (12, 12)])
def test_orthonormal_columns_start_where_told_and_stay_orthonormal(
    start: str, d: int, k: int
) -> None:
    given = STARTS[start](d, k, stream(start))
    columns = OrthonormalLinear(given)
    torch.testing.assert_close(columns.matrix(), given, atol=1e-6, rtol=0)
    learned = learn(columns)
    torch.testing.assert_close(learned.T @ learned, torch.eye(k), atol=1e-5, rtol=0)
    assert (learned - given).norm() > 0.5


@pytest.mark.parametrize("k", [5, 12, 30])
def test_unit_columns_keep_length_one_for_any_k(k: int) -> None:
    columns = UnitLinear(axes(12, k, stream("axes")))
    learned = learn(columns)
    torch.testing.assert_close(learned.norm(dim=0), torch.ones(k))
    assert learned.shape == (12, k)
    gram = learned.T @ learned - torch.eye(k)
    assert gram.abs().max() > 0.1  # nothing keeps them orthogonal


def test_frozen_columns_have_no_parameters_but_survive_a_reload() -> None:
    matrix = random_orthonormal(9, 4, stream("frozen"))
    columns = FrozenLinear(matrix)
    assert list(columns.parameters()) == []
    reloaded = FrozenLinear(torch.zeros(9, 4))
    reloaded.load_state_dict(columns.state_dict())
    assert torch.equal(reloaded.matrix(), matrix)


def test_random_orthonormal_is_orthonormal_and_uniform() -> None:
    rng = stream("uniform")
    drawn = torch.stack([random_orthonormal(6, 6, rng) for _ in range(1500)])  # (n, 6, 6)
    gram = drawn.transpose(1, 2) @ drawn
    torch.testing.assert_close(gram, torch.eye(6).expand_as(gram), atol=1e-5, rtol=0)
    # A coordinate of a uniform unit vector in d dimensions: its square is Beta(1/2, (d-1)/2).
    for i, j in ((0, 0), (5, 2)):
        law = stats.beta(0.5, 2.5).cdf
        assert stats.kstest(drawn[:, i, j].square().numpy(), law).pvalue > 0.001
        assert abs(drawn[:, i, j].sign().mean()) < 0.1  # neither sign is preferred


def test_more_columns_than_dimensions() -> None:
    many = axes(4, 10, stream("many"))
    assert torch.equal(many[:, :4], torch.eye(4))
    torch.testing.assert_close(many.norm(dim=0), torch.ones(10))
    blocks = random_orthonormal(4, 10, stream("blocks"))
    torch.testing.assert_close(blocks[:, 4:8].T @ blocks[:, 4:8], torch.eye(4), atol=1e-5, rtol=0)
