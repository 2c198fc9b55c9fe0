"""Variation predictability: an R taught by few pairs names directions that differ, and no twins."""

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.metrics import vp
from benchmark.metrics.metric import measure
from benchmark.metrics.vp import BATCH, VariationPredictability, batches
from benchmark.rca.reconstructor import Reconstructor

from .cells import cell_of


class Quarters(Generator):
    """Four latents light a quarter of the image each; a fifth lights none."""

    latent_dim, image_shape = 5, (1, 32, 32)

    def forward(self, latents: Latents) -> Tensor:
        light = latents.point[:, :4].tanh().view(-1, 1, 2, 2)  # (n, 1, 2, 2)
        return light.repeat_interleave(16, dim=2).repeat_interleave(16, dim=3)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand pairs, of which R sees 20 or 200, for 60 steps."""
    for name, value in (("PAIRS", 1000), ("MOST", 200), ("STEPS", 60)):
        monkeypatch.setattr(vp, name, value)
    monkeypatch.setattr(vp, "SHARES", {"vp_1": 20, "vp_10": 200})


def measured(matrix: Tensor, **terms: float) -> dict[str, float]:
    return measure({"vp": VariationPredictability()}, cell_of(Quarters(), matrix, **terms))


def test_few_pairs_teach_different_directions_and_more_pairs_teach_them_better() -> None:
    good = measured(torch.eye(5)[:, :4])
    assert good["vp_10"] > 0.8
    assert 0.3 < good["vp_1"] <= good["vp_10"]


def test_twins_are_guessed_and_dead_directions_are_not_told_apart() -> None:
    twins = measured(torch.eye(5)[:, [0, 0, 1, 1]])
    assert twins["vp_10"] == pytest.approx(0.5, abs=0.1)
    dead = measured(torch.eye(5)[:, [4, 4, 4, 4]])
    assert dead["vp_10"] == pytest.approx(0.25, abs=0.1)


def test_the_same_pairs_and_batches_every_time() -> None:
    first, again = (measured(torch.eye(5)[:, :4]) for _ in range(2))
    assert first == again


def test_every_pair_is_seen_once_before_any_is_seen_twice() -> None:
    seen = torch.cat(list(batches(200, stream("batches"))))  # (60 * BATCH,)
    assert len(seen) == 60 * BATCH
    for first in range(0, len(seen) - 200 + 1, 200):
        assert sorted(seen[first : first + 200].tolist()) == list(range(200))


def test_few_rows_are_repeated_within_a_batch() -> None:
    seen = list(batches(20, stream("batches")))
    assert all(len(rows) == BATCH for rows in seen)


def test_a_taught_network_is_judged_as_it_answers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In training, batch norm would let the pairs of a batch answer for each other."""
    judged: list[bool] = []
    right = vp._right

    def watched(networks: list[Reconstructor], *rest: Any) -> list[float]:
        judged.extend(network.training for network in networks)
        return right(networks, *rest)

    monkeypatch.setattr(vp, "_right", watched)
    measured(torch.eye(5)[:, :4])
    assert judged == [False, False]


def test_pairs_are_as_far_apart_as_the_protocol_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Tensor] = []
    pairs = vp._pairs
    monkeypatch.setattr(
        vp, "_pairs", lambda cell, shifts: asked.append(shifts.eps) or pairs(cell, shifts)
    )
    measured(torch.eye(5)[:, :4], max_shift=3.0, min_shift=2.0)
    lengths = asked[0].abs()
    assert len(lengths) == 1000
    assert (lengths.min(), lengths.max()) == (2.0, pytest.approx(3.0, abs=0.02))
