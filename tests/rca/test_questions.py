"""The questions put to R: their distribution, and what two streams share."""

import numpy as np
import pytest
import torch
from scipy import stats

from benchmark.core.seeds import derive_seed, stream
from benchmark.generators.families.planted import Planted
from benchmark.rca.questions import ShiftRange

N = 20_000


def test_z_k_and_eps_follow_their_distributions() -> None:
    shifts = ShiftRange(6.0, 0.0).draw(Planted(), 7, N, stream("distribution"))
    assert stats.kstest(shifts.eps.numpy(), stats.uniform(-6, 12).cdf).pvalue > 0.001
    assert stats.kstest(shifts.latents.point[:, 3].numpy(), stats.norm.cdf).pvalue > 0.001
    assert stats.chisquare(np.bincount(shifts.k.numpy(), minlength=7)).pvalue > 0.001
    assert abs(np.corrcoef(shifts.k.numpy(), shifts.eps.numpy())[0, 1]) < 0.03


def test_small_shifts_are_raised_and_keep_their_sign() -> None:
    plain = ShiftRange(6.0, 0.0).draw(Planted(), 4, N, stream("same"))
    raised = ShiftRange(6.0, 0.5).draw(Planted(), 4, N, stream("same"))
    small = plain.eps.abs() < 0.5
    assert 0.07 < small.float().mean() < 0.10  # 1/12 of them
    assert torch.equal(raised.eps[small], 0.5 * plain.eps[small].sign())
    assert torch.equal(raised.eps[~small], plain.eps[~small])


def test_streams_of_one_seed_agree_on_z_and_eps_whatever_k() -> None:
    few, many = (ShiftRange(6.0, 0.0).draw(Planted(), k, 500, stream("s")) for k in (8, 64))
    assert torch.equal(few.latents.point, many.latents.point)
    assert torch.equal(few.eps, many.eps)
    assert torch.equal(few.k, many.k // 8)  # the same place in [0, 1)


@pytest.mark.parametrize("k", [1, 3, 512])
def test_k_stays_below_the_number_of_directions(k: int) -> None:
    drawn = ShiftRange(6.0, 0.0).draw(Planted(), k, N, stream("bounds", k)).k
    assert drawn.min() == 0
    assert drawn.max() == k - 1


def test_seeds_depend_on_every_part_and_on_where_parts_end() -> None:
    seeds = {derive_seed(*parts) for parts in ([1, 2], [2, 1], [12], ["1", "23"], ["12", "3"])}
    assert len(seeds) == 5
    assert derive_seed("a", 0) == derive_seed("a", "0")
