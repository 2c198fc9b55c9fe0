"""Shifts that depend on the latents: tangents, storage, choice, and what a reader cannot know."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.labels import Label
from benchmark.directions.shift import KINDS
from benchmark.directions.stored_shift import pack, read_snapshots, write_snapshots
from benchmark.generators.base import Latents
from tests.directions.bent import Turning

LATENTS = Latents(torch.randn(7, 5, generator=stream("bent")))
K = torch.tensor([0, 1, 2, 2, 1, 0, 2])
EPS = torch.linspace(-3.0, 3.0, 7)


def test_a_shift_goes_another_way_from_another_point() -> None:
    directions = Directions(Turning(5, 3).frozen())
    moved = directions.move(LATENTS, 1, 2.0).point - LATENTS.point  # (7, 5)
    torch.testing.assert_close(moved.norm(dim=1), torch.full((7,), 2.0))
    assert (moved[0] - moved[1]).norm() > 0.1


def test_tangents_are_the_mean_way_from_the_latents_in_numpy() -> None:
    shift = Turning(5, 3)
    straight, turn = shift.straight.detach().numpy(), shift.turn.detach().numpy()
    expected = np.zeros((5, 3))
    for k in range(3):
        for z in LATENTS.point.numpy():
            way = straight[:, k] + z[0] * turn[:, k]
            expected[:, k] += way / np.linalg.norm(way)
        expected[:, k] /= np.linalg.norm(expected[:, k])
    np.testing.assert_allclose(shift.tangents(LATENTS).detach().numpy(), expected, atol=1e-6)


def test_what_is_frozen_learns_no_more_and_stays_when_the_other_goes_on() -> None:
    shift = Turning(5, 3)
    frozen = shift.frozen()
    before = frozen(LATENTS, K, EPS)
    assert not any(p.requires_grad for p in frozen.parameters())
    with torch.no_grad():
        shift.straight.add_(1.0)
    assert torch.equal(frozen(LATENTS, K, EPS), before)


def test_it_comes_back_from_a_file_with_its_names(tmp_path: Path) -> None:
    shift = Turning(5, 3).frozen()
    labels = (Label(2, label="zoom"),)
    Directions(shift, {"method": "mine"}, labels).save(tmp_path / "a.safetensors")
    loaded = Directions.load(tmp_path / "a.safetensors")
    assert torch.equal(loaded.shift(LATENTS, K, EPS), shift(LATENTS, K, EPS))
    assert loaded.provenance == {"method": "mine"}
    zoom = loaded["zoom"]
    assert torch.equal(zoom.move(LATENTS, 0, 1.5).point, loaded.move(LATENTS, 2, 1.5).point)
    zoom.save(tmp_path / "b.safetensors")
    again = Directions.load(tmp_path / "b.safetensors")
    assert len(again) == 1
    assert torch.equal(again.move(LATENTS, 0, 1.5).point, loaded.move(LATENTS, 2, 1.5).point)


def test_chosen_directions_keep_their_order_and_their_ways() -> None:
    whole = Turning(5, 4).frozen()
    places = torch.tensor([3, 0, 2])
    chosen = whole.chosen(places.tolist())
    assert (chosen.k, chosen.latent_dim) == (3, 5)
    assert torch.equal(chosen(LATENTS, K, EPS), whole(LATENTS, places[K], EPS))
    assert torch.equal(chosen.tangents(LATENTS), whole.tangents(LATENTS)[:, [3, 0, 2]])


def test_a_choice_among_chosen_directions_comes_back_from_its_file(tmp_path: Path) -> None:
    labels = (Label(1, mos=0.2, label="zoom"), Label(3, mos=0.9, label="zoom"))
    whole = Directions(Turning(5, 4).frozen(), {}, labels)
    named = whole["zoom"]
    named.save(tmp_path / "a.safetensors")
    for twice in (named, Directions.load(tmp_path / "a.safetensors")):
        one = twice.interpretable(0.5)
        one.save(tmp_path / "b.safetensors")
        for found in (one, Directions.load(tmp_path / "b.safetensors")):
            assert len(found) == 1
            assert torch.equal(found.move(LATENTS, 0, 2.0).point, whole.move(LATENTS, 3, 2.0).point)


def test_without_the_code_that_defines_it_a_file_says_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Directions(Turning(5, 3).frozen()).save(tmp_path / "a.safetensors")
    monkeypatch.delitem(KINDS, Turning.kind)
    with pytest.raises(BenchError, match=r"unknown kind of shift 'turning.*-m file\.py:Class"):
        Directions.load(tmp_path / "a.safetensors")


def test_snapshots_come_back_in_the_order_of_their_steps(tmp_path: Path) -> None:
    shift = Turning(5, 3)
    kept = {}
    for step in (0, 100, 20):
        with torch.no_grad():
            shift.turn.add_(0.1)
        kept[step] = pack(shift.frozen())
    write_snapshots(tmp_path / "evolution.safetensors", kept)
    found = read_snapshots(tmp_path / "evolution.safetensors")
    assert list(found) == [0, 20, 100]
    assert torch.equal(found[20](LATENTS, K, EPS), shift(LATENTS, K, EPS))
    assert not torch.equal(found[100](LATENTS, K, EPS), found[20](LATENTS, K, EPS))
