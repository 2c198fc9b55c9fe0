"""The table of how far seeds of a method agree, against the stored directions."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from scipy.linalg import subspace_angles
from scipy.optimize import linear_sum_assignment

from benchmark.core.seeds import stream
from benchmark.generators.families.planted import Planted
from benchmark.report.tables import agreeing_seeds
from benchmark.report.tables.agreeing_seeds import LATENTS, agreement_table, write_agreement
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.directions.bent import Turning
from tests.report.drawn import write_cell


@pytest.fixture
def run(tmp_path):
    """Three seeds of one method, one of another."""
    for method, seeds in (("discovered", (0, 1, 2)), ("random", (0,))):
        for seed in seeds:
            write_cell(tmp_path, "planted", method, seed, k=4)
    return tmp_path


def rows_of(run):
    return headline(read_cells(run), {})


def test_a_row_is_the_mean_over_all_pairs_of_seeds(run):
    table = agreement_table(rows_of(run), {})
    (row,) = table.frame.to_dict("records")  # one seed agrees with nobody
    files = sorted(run.glob("cells/planted/discovered/*/directions.safetensors"))
    matrices = [next(iter(load_file(file).values())).double().numpy() for file in files]
    cosines, angles = [], []
    for a, b in combinations(matrices, 2):
        match = np.abs(a.T @ b)
        cosines.append(match[linear_sum_assignment(-match)].mean())
        angles.append(np.degrees(subspace_angles(a, b)).mean())
    assert (row["method"], row["seeds"], row["k"]) == ("discovered", 3, 4)
    assert row["cosine"] == pytest.approx(np.mean(cosines), rel=1e-5)
    assert row["cosine_least"] == pytest.approx(min(cosines), rel=1e-5)
    assert row["angle"] == pytest.approx(np.mean(angles), rel=1e-5)


def test_the_files_come_and_go_with_the_seeds(run):
    write_agreement(rows_of(run), {}, run)
    assert pd.read_csv(run / "seed_agreement.csv")["method"].tolist() == ["discovered"]
    assert "- `cosine`: Mean" in (run / "seed_agreement.md").read_text()
    alone = [r for r in rows_of(run) if r.method == "random"]
    assert write_agreement(alone, {}, run) is None
    assert not list(run.glob("seed_agreement.*"))


def test_failed_seeds_are_left_out(run):
    write_cell(run, "planted", "random", 1, k=4, failure="no memory")
    assert agreement_table(rows_of(run), {}).frame["method"].tolist() == ["discovered"]


def test_directions_that_fill_the_space_have_no_angle_and_no_nan(tmp_path):
    for seed in (0, 1):
        write_cell(tmp_path, "planted", "random", seed, k=16)
    table = agreement_table(rows_of(tmp_path), {})
    assert table.frame["angle"].tolist() == [None]
    assert 0 < table.frame["cosine"][0] < 1


def test_tangents_of_a_bent_shift_are_taken_at_the_same_latents():
    shift, planted = Turning(16, 4), Planted()
    found = agreeing_seeds._tangents(shift, planted, "planted")
    latents = planted.sample(LATENTS, stream("planted", "seed agreement"))
    assert found == pytest.approx(shift.tangents(latents).detach().numpy())
    assert (found == agreeing_seeds._tangents(shift, planted, "planted")).all()


def test_a_bent_shift_without_its_generator_is_left_out_by_name(run, monkeypatch):
    class Bent:
        shift = Turning(16, 4)

    monkeypatch.setattr("benchmark.runs.results.StoredCell.directions", lambda cell: Bent)
    assert agreement_table(rows_of(run), {}) is None
    calls = iter([Bent] * 3)
    write_cell(run, "planted", "coordinate", 0, k=4)
    write_cell(run, "planted", "coordinate", 1, k=4)
    straight = {c.folder: c for r in rows_of(run) for c in r.done if r.method == "coordinate"}
    monkeypatch.undo()
    real = type(next(iter(straight.values()))).directions
    monkeypatch.setattr(
        "benchmark.runs.results.StoredCell.directions",
        lambda cell: real(cell) if cell.folder in straight else next(calls),
    )
    table = agreement_table(rows_of(run), {})
    assert table.frame["method"].tolist() == ["coordinate"]
    assert table.notes == (
        "Left out is discovered on planted: its shift bends, and its generator is not at hand "
        "here.",
    )
    assert torch.is_tensor(Bent.shift.tangents(Planted().sample(2, stream("x"))))
