"""In w, eps is in standard deviations of w inside a baseline's own loss too."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines import METHODS
from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.mapped import MappedOptions
from benchmark.generators.ruler import Ruler
from benchmark.rca.questions import Shifts
from tests.generators.small_mapped import SmallMapped

K = 3


@pytest.mark.parametrize("name", ["hessian_penalty", "orojar", "latentclr"])
def test_the_loss_in_w_is_that_of_columns_as_long_as_w_spreads_along_them(name: str) -> None:
    generator = SmallMapped().double().eval()
    generator.configure(MappedOptions(space="w"))
    points = generator.sample(500, stream("points")).base  # (500, 5) float64
    columns = np.linalg.qr(torch.randn(5, K, generator=stream("A")).double().numpy())[0]
    stretched = [np.std(points.numpy() @ u) * u for u in columns.T]
    latents = generator.sample(4, stream("z"))
    eps = torch.tensor([1.0, -2.0, 3.0, 0.5], dtype=torch.float64)

    def loss(matrix: np.ndarray, ruler: Ruler | None) -> float:
        shifts = Shifts(replace(latents, ruler=ruler), torch.arange(4) % K, eps)
        shift = FrozenLinear(torch.from_numpy(matrix))
        return METHODS[name]().loss(generator, shift, shifts, stream("x")).item()

    expected = loss(np.stack(stretched, axis=1), None)
    assert abs(expected) > 0
    assert loss(columns, Ruler.of(points)) == pytest.approx(expected, rel=1e-7)
