"""Attributes along directions whose effect is known, with a judge that is right by construction."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator, Latents
from benchmark.generators.judge import Judge, NamingJudge
from benchmark.metrics import attribute_correlation
from benchmark.metrics.attribute_correlation import (
    AttributeCorrelation,
    changes,
    correlations,
)
from benchmark.metrics.metric import measure
from benchmark.metrics.walk import STOPS

from .cells import cell_of


class Pixels(Generator):
    """Three pixels show three latents, squashed to (-1, 1); a fourth latent shows nowhere."""

    latent_dim, image_shape, trained_on = 4, (1, 1, 3), "pixels"

    def forward(self, latents: Latents) -> Tensor:
        return latents.point[:, :3].tanh().view(-1, 1, 1, 3)


class Reads(nn.Module):
    """Answers with the log odds that make each pixel, scaled to [0, 1], a probability."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.logit((images.flatten(1).double() + 1) / 2, eps=1e-9)  # (n, 3)


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    network: Judge = Reads()  # type: ignore[assignment]
    judge = NamingJudge(network, ("left", "middle", "right"), "attributes")
    monkeypatch.setattr(attribute_correlation, "judge_of", {"pixels": judge, "": None}.get)


def measured(matrix: Tensor) -> dict:  # type: ignore[type-arg]
    return measure({"attributes": AttributeCorrelation()}, cell_of(Pixels(), matrix))


def test_the_correlation_is_that_of_a_loop_over_paths() -> None:
    rng = np.random.default_rng(0)
    shown, eps = rng.uniform(size=(5, 7, 3)), 6 * np.array(STOPS)
    for a in range(3):
        each = [np.cov(2 * shown[:, n, a] - 1, eps)[0, 1] / np.std(eps, ddof=1) for n in range(7)]
        assert correlations(shown, eps)[a] == pytest.approx(abs(np.mean(each)), rel=1e-12)
        moved = [(shown[4, n, a] - shown[0, n, a]) / 2 for n in range(7)]
        assert changes(shown)[a] == pytest.approx(np.mean(moved), rel=1e-12)


def test_a_length_of_shift_makes_no_difference_to_the_same_change() -> None:
    shown = np.random.default_rng(1).uniform(size=(5, 7, 3))
    stops = np.array(STOPS)
    assert correlations(shown, 0.3 * stops) == pytest.approx(correlations(shown, 6 * stops))


def test_an_axis_changes_its_own_attribute_alone() -> None:
    found = measured(torch.eye(4)[:, [1, 0]])
    assert found["words"] == {"attribute": ["middle", "left"]}
    assert found["by_direction"]["attribute_share"] == pytest.approx([1.0, 1.0])
    assert found["attribute_share"] == pytest.approx(1.0)
    assert 0.8 < found["attribute_correlation"] < 1.1  # nearly a jump from -1 to 1
    rescored = found["matrices"]["rescoring"]
    assert list(rescored) == ["left", "middle", "right"]
    assert rescored["middle"] == pytest.approx([0.5, 0.0], abs=0.1)
    assert rescored["right"] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_the_sign_stands_in_the_matrix_and_not_in_the_correlation() -> None:
    there, back = measured(torch.eye(4)[:, :1]), measured(-torch.eye(4)[:, :1])
    assert there["attribute_correlation"] == pytest.approx(back["attribute_correlation"])
    assert there["matrices"]["rescoring"]["left"] == pytest.approx(
        [-value for value in back["matrices"]["rescoring"]["left"]]
    )


def test_a_mixed_direction_shares_its_change_out() -> None:
    mixed = torch.ones(4, 1) / 2
    assert measured(mixed)["attribute_share"] == pytest.approx(1 / 3, abs=0.05)


def test_a_direction_without_effect_has_no_attribute_and_no_share() -> None:
    found = measured(torch.eye(4)[:, 3:])
    assert found["words"] == {"attribute": [None]}
    assert found["by_direction"] == {"attribute_correlation": [0.0], "attribute_share": [None]}
    assert (found["attribute_correlation"], found["attribute_share"]) == (0.0, None)


def test_twins_look_as_good_as_one_which_redundancy_sees_and_attributes_do_not() -> None:
    once, twice = measured(torch.eye(4)[:, :2]), measured(torch.eye(4)[:, [0, 0, 1, 1]])
    assert once["attribute_correlation"] == pytest.approx(twice["attribute_correlation"])


def test_without_a_judge_nothing_is_said() -> None:
    generator = Pixels()
    generator.trained_on = ""
    cell = cell_of(generator, torch.eye(4)[:, :2])
    assert measure({"attributes": AttributeCorrelation()}, cell) == {"by_direction": {}}
