"""Sums on the device: those of Python, and a divergence that is not forgotten."""

import numpy as np
import pytest
import torch

from benchmark.rca.tally import Diverged, Tally


def test_the_sums_are_those_of_python_bit_for_bit_and_begin_anew() -> None:
    values = torch.rand(50, 4, generator=torch.Generator().manual_seed(0))
    tally, expected = Tally("cpu"), [0.0] * 4
    for step, row in enumerate(values):
        tally.add(row, step)
        expected = [a + b for a, b in zip(expected, row.tolist(), strict=True)]
    assert tally.take() == expected
    assert tally.take() == [0.0] * 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_first_loss_that_is_no_number_is_named_however_late_it_is_read(bad: float) -> None:
    tally = Tally("cpu")
    for step, loss in enumerate([1.0, 2.0, bad, 3.0, np.nan]):
        tally.add(torch.tensor([loss, 0.0, 0.0, 0.0]), step)
    for read in (tally.check, tally.take):
        with pytest.raises(Diverged, match=f"^the loss became {bad} at step 2$"):
            read()


def test_other_figures_may_be_anything() -> None:
    tally = Tally("cpu")
    tally.add(torch.tensor([1.0, np.nan, 0.0, 0.0]), 0)
    tally.check()
