"""The two games and the gradient penalty, against figures worked out by hand."""

from math import exp, log

import pytest
import torch
from torch import Tensor, nn

from benchmark.generators.training.game import HINGE, LOGISTIC, r1_penalty

REAL, FAKE = torch.tensor([0.5, 2.0]), torch.tensor([-3.0, 0.2])


def test_hinge() -> None:
    assert HINGE.critic(REAL, FAKE).item() == pytest.approx((0.5 + 0) / 2 + (0 + 1.2) / 2)
    assert HINGE.generator(FAKE).item() == pytest.approx(1.4)


def test_logistic() -> None:
    real = sum(log(1 + exp(-x)) for x in (0.5, 2.0)) / 2
    fake = sum(log(1 + exp(x)) for x in (-3.0, 0.2)) / 2
    generator = sum(log(1 + exp(-x)) for x in (-3.0, 0.2)) / 2
    assert LOGISTIC.critic(REAL, FAKE).item() == pytest.approx(real + fake)
    assert LOGISTIC.generator(FAKE).item() == pytest.approx(generator)


class Slope(nn.Module):
    """Scores that rise by `slope` with the sum of the squared pixels."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, images: Tensor, _labels: Tensor | None) -> Tensor:
        return self.slope * images.square().sum(dim=(1, 2, 3))


def test_the_penalty_is_half_the_mean_squared_gradient_and_can_be_minimised() -> None:
    critic = Slope(3.0)
    images = torch.full((2, 1, 2, 2), 0.5)
    penalty = r1_penalty(critic, images, None)
    assert penalty.item() == pytest.approx(0.5 * 4 * (2 * 3.0 * 0.5) ** 2)
    penalty.backward()
    assert critic.slope.grad is not None
    assert critic.slope.grad.item() == pytest.approx(4 * 3.0)
