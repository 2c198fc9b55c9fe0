"""What the lines show, by plain loops over the stored answers and curves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import binomtest

from benchmark.charts import style
from benchmark.report.figures.lines import (
    DASHES,
    POINTS,
    _plot,
    curve_table,
    draw_directions,
    shift_table,
)
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, write_table
from tests.report.drawn import STEPS, write_cell


def test_accuracy_by_shift_pools_the_questions_of_all_seeds(run):
    rows = headline(read_cells(run), {})
    table = shift_table(rows)
    stored = rows[1].table("predictions")
    own = table[table["method"] == "random"].reset_index()
    assert own["n"].sum() == len(stored) == 1200
    for i in range(12):
        eps = stored["eps"].abs()
        inside = stored[(eps >= 0.5 * i) & (eps < 0.5 * (i + 1))]
        right = int((inside["k"] == inside["k_hat"]).sum())
        assert own.loc[i, "abs_eps"] == 0.5 * i + 0.25
        assert own.loc[i, "accuracy"] == pytest.approx(right / len(inside))
        oracle = binomtest(right, len(inside)).proportion_ci(method="wilson")
        assert own.loc[i, "low"] == pytest.approx(oracle.low)
        assert own.loc[i, "high"] == pytest.approx(oracle.high)


def test_shifts_that_were_never_asked_about_have_no_point(tmp_path):
    cell = write_cell(tmp_path, "planted", "random", 0, max_shift=12.0)  # asked up to 6 only
    (row,) = headline(read_cells(tmp_path), {})
    assert shift_table([row])["abs_eps"].max() < 6
    assert cell.method == "random"


def test_a_curve_is_the_mean_over_stretches_of_steps(run):
    row = headline(read_cells(run), {})[0]
    table = curve_table(row)
    for seed, phase in ((0, "fresh"), (1, "joint")):
        stored, own = (
            curves[(curves["seed"] == seed) & (curves["phase"] == phase)]
            for curves in (row.table("curves"), table)
        )
        assert len(own) == POINTS
        expected = stored["accuracy"].to_numpy().reshape(POINTS, STEPS // POINTS).mean(axis=1)
        np.testing.assert_allclose(own["accuracy"], expected)
        np.testing.assert_allclose(own["step"], np.linspace(STEPS / POINTS, STEPS, POINTS))


def test_a_short_curve_stays_as_it_is(tmp_path):
    cell = write_cell(tmp_path, "planted", "random", 0)
    path = cell.folder(tmp_path) / "curves.parquet"
    curve = pd.read_parquet(path).head(7)
    (row,) = headline(read_cells(tmp_path), {})
    write_table(path, curve)
    np.testing.assert_allclose(curve_table(row)["accuracy"], curve["accuracy"])


@pytest.mark.parametrize("kinds", ["", "phase"])
def test_a_line_is_the_mean_over_seeds_and_its_band_their_range(kinds):
    rng, figure = np.random.default_rng(0), Figure()
    ax = figure.subplots()
    shapes = [(m, p, s, x) for m in "ba" for p in DASHES for s in range(3) for x in (1.0, 2.0, 4.0)]
    frame = pd.DataFrame(shapes, columns=["method", "phase", "seed", "x"])
    frame["y"] = rng.normal(size=len(frame))
    frame.loc[0, "y"] = np.nan  # of seed 0 at x = 1, of b and fresh
    if not kinds:
        frame = frame[frame["phase"] == "fresh"]
    _plot(ax, frame, "ab", "x", "y", kinds)
    pairs = [(m, p) for m in "ba" for p in (DASHES if kinds else ["fresh"])]
    assert len(ax.lines) == len(ax.collections) == len(pairs)
    for line, band, (method, phase) in zip(ax.lines, ax.collections, pairs, strict=True):
        own = frame[(frame["method"] == method) & (frame["phase"] == phase)]
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
            values = [v for v in own.loc[own["x"] == x, "y"] if v == v]
            assert y == pytest.approx(sum(values) / len(values))
            edge = band.get_paths()[0].vertices
            ends = edge[edge[:, 0] == x, 1]
            assert (ends.min(), ends.max()) == pytest.approx((min(values), max(values)))
        assert line.get_color() == style.palette("ab")[method]
        assert line.is_dashed() == (phase == "joint")
        assert line.get_marker() == ("None" if kinds else style.markers("ab")[method])


def test_one_seed_has_no_band():
    ax = Figure().subplots()
    frame = pd.DataFrame({"method": "a", "x": [1, 2], "y": [0.5, 0.25]})
    _plot(ax, frame, "a", "x", "y")
    assert len(ax.lines) == 1
    assert not ax.collections


def test_directions_fall_from_the_best_and_chance_counts_those_that_were_never_asked(monkeypatch):
    kept = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    table = pd.DataFrame({"generator": "planted", "method": "a", "seed": 0, "k": range(4)})
    draw_directions(table.assign(accuracy=[0.2, 0.9, 0.5, np.nan]), Path(), "a")
    line, chance = kept["directions"].axes[0].lines
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == [0.9, 0.5, 0.2]
    assert set(chance.get_ydata()) == {1 / 4}
