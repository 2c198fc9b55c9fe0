"""Activeness of directions whose effect is known: a strong one, a weak one, a dead one, twins."""

import numpy as np
import pytest
import torch

from benchmark.generators.base import Generator, Latents
from benchmark.metrics.activeness import Activeness, activeness
from benchmark.metrics.metric import measure

from .cells import cell_of


class Pixels(Generator):
    """Three pixels show three latents, the third at a twentieth; a fourth latent shows nowhere."""

    latent_dim, image_shape = 4, (1, 1, 3)

    def forward(self, latents: Latents) -> torch.Tensor:
        weights = torch.tensor([1.0, 1.0, 0.05])  # (3,)
        return (latents.point[:, :3] * weights).view(-1, 1, 1, 3)


def measured(matrix: torch.Tensor) -> dict:  # type: ignore[type-arg]
    return measure({"activeness": Activeness()}, cell_of(Pixels(), matrix))


def test_equals_a_loop_in_numpy() -> None:
    images = torch.randn(5, 4, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    each = [
        np.var(images[:, n, c, y, x].double().numpy(), ddof=1)
        for n in range(4)
        for c in range(2)
        for y in range(3)
        for x in range(3)
    ]
    assert activeness(images) == pytest.approx(np.mean(each), rel=1e-12)


def test_a_direction_that_moves_one_of_three_pixels() -> None:
    found = measured(torch.eye(4))["by_direction"]["activeness"]
    of_eps = np.var([-6, -3, 0, 3, 6], ddof=1)
    assert found == pytest.approx([of_eps / 3, of_eps / 3, of_eps / 3 / 400, 0.0], abs=1e-6)


def test_the_share_of_dead_directions() -> None:
    """The third moves its pixel by a twentieth of eps, and so by more than its share of variance;
    the fourth moves none."""
    figures = measured(torch.eye(4))
    assert figures["dead_directions"] == 0.25
    assert figures["activeness"] == pytest.approx(22.5 / 3 * (2 + 1 / 400) / 4, rel=1e-5)
    assert measured(torch.eye(4)[:, :2])["dead_directions"] == 0.0
    assert measured(torch.eye(4)[:, [3, 3]])["dead_directions"] == 1.0


def test_twins_are_as_active_as_one_which_redundancy_sees_and_activeness_does_not() -> None:
    once, twice = (measured(torch.eye(4)[:, places]) for places in ([0, 1], [0, 0, 1, 1]))
    assert once["activeness"] == pytest.approx(twice["activeness"])
