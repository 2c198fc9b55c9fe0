"""The tables and figures of ablations: every point once, or the reason why it is missing."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.core.json_files import write_json
from benchmark.report.figures import ablated
from benchmark.report.figures.ablated import draw_ablations
from benchmark.report.tables.ablations import ablation_table, write_ablations
from benchmark.runs.results import read_cell
from tests.report.drawn import MEASURES, ORDER, write_cell


@pytest.fixture
def run(tmp_path):
    """Drawn cells: K for two methods, of which one cannot run at 32; lambda for two losses."""
    points = []
    for k in (4, 8, 16):
        for method in ("discovered", "coordinate"):
            for seed in (0, 1, 7):
                cell = write_cell(tmp_path, "planted", method, seed, k=k)
            points.append({"method": method, "config_hash": cell.config_hash, "k": k})
    points.append({"method": "discovered", "config_hash": "never", "k": 32})
    points.append({"method": "coordinate", "k": 32, "reason": "32 do not fit 16"})
    write_json(tmp_path / "ablation_k.json", {"planted": {"seeds": [0, 1], "points": points}})
    points = []
    for weight, loss in ((0.0, "mse"), (1.0, "mse"), (10.0, "mse"), (1.0, "mae"), (10.0, "mae")):
        terms = {"lambda": weight, "shift_loss": loss}
        cell = write_cell(tmp_path, "planted", "discovered", 0, **terms)
        points.append({"method": "discovered", "config_hash": cell.config_hash, **terms})
    write_json(tmp_path / "ablation_lambda.json", {"planted": {"seeds": [0], "points": points}})
    return tmp_path


def test_a_row_is_the_mean_over_the_seeds_of_the_ablation(run):
    frame = ablation_table(run, "k", MEASURES, ORDER).frame
    row = frame[(frame["method"] == "discovered") & (frame["k"] == 8)].iloc[0]
    folders = sorted(run.glob("cells/planted/discovered/[01]-*"))
    cells = [read_cell(folder).result for folder in folders]
    own = [c.metrics for c in cells if c.metrics["k"] == 8 and "lambda" not in c.config["protocol"]]
    assert len(own) == row["seeds"] == 2
    for name in ("rca_fresh", "shift_error", "max_cosine", "effective_rank", "collapse"):
        assert row[name] == pytest.approx(np.mean([m[name] for m in own]))
    assert row["chance"] == 1 / 8


def test_rows_stand_by_method_and_value_with_what_cannot_run(run):
    frame = ablation_table(run, "k", MEASURES, ORDER).frame
    assert list(frame["method"]) == ["discovered"] * 4 + ["coordinate"] * 4
    assert list(frame["k"]) == [4, 8, 16, 32] * 2
    last = frame[frame["k"] == 32]
    assert list(last["status"]) == [
        "not computed yet: run it again to go on",
        "skipped: 32 do not fit 16",
    ]
    assert last["rca_fresh"].isna().all()
    assert all(value is None for value in last["rca_fresh"])


def test_without_a_weight_there_is_no_kind_of_loss(run):
    frame = ablation_table(run, "lambda", MEASURES, ORDER).frame
    assert list(zip(frame["lambda"], frame["shift_loss"], strict=True)) == [
        (0.0, "none"),
        (1.0, "mse"),
        (10.0, "mse"),
        (1.0, "mae"),
        (10.0, "mae"),
    ]


def test_files_say_that_k_does_not_compare_and_hold_no_nan(run):
    tables = write_ablations(run, MEASURES, ORDER)
    draw_ablations(tables, MEASURES, run / "figures", ORDER)
    text = (run / "ablation_k.md").read_text()
    assert "RCA at different K does not compare: chance is 1 / K" in text
    for name in ("ablation_k", "ablation_lambda"):
        for kind in ("csv", "md", "tex"):
            assert "nan" not in (run / f"{name}.{kind}").read_text().lower()
        table = pd.read_csv(run / f"{name}.csv")
        assert {"k", "chance", "rca_fresh", "shift_error", "max_cosine"} <= set(table)
        pixels = np.asarray(Image.open(run / "figures" / f"{name}.webp").convert("L"))
        assert 0.005 < (pixels < 250).mean() < 0.9


@pytest.mark.parametrize("axis", ["k", "lambda"])
def test_a_panel_shows_every_point_of_its_measure_beside_what_it_is_read_against(
    run, axis, monkeypatch
):
    drawn = []
    monkeypatch.setattr(ablated.style, "save", lambda figure, *_: drawn.append(figure))
    table = ablation_table(run, axis, MEASURES, ORDER)
    draw_ablations([table], MEASURES, run / "figures", ORDER)
    panels = {ax.get_ylabel(): ax for ax in drawn[0].axes}
    assert len(panels) == (8 if axis == "k" else 7)
    lines = {
        name: [list(map(float, line.get_ydata())) for line in ax.lines]
        for name, ax in panels.items()
    }
    done = table.frame[table.frame["rca_fresh"].notna()]
    for name, label in (("rca_fresh", "RCA of a fresh R (rca_fresh)"), ("collapse", "collapse")):
        shown = {value for line in lines[label] for value in line}
        assert set(done[name].astype(float)) <= shown
        low, high = panels[label].get_ylim()
        assert low <= 0 <= max(shown) < high
    k = [4, 8, 16] if axis == "k" else [8, 8, 8]
    assert [1 / value for value in k] in lines["RCA of a fresh R (rca_fresh)"]
    assert ([4, 8, 16] in lines["effective rank"]) == (axis == "k")


def test_rounding_is_no_trend(run, monkeypatch):
    drawn = []
    monkeypatch.setattr(ablated.style, "save", lambda figure, *_: drawn.append(figure))
    table = ablation_table(run, "k", MEASURES, ORDER)
    table.frame["max_cosine"] = [1e-7 * n for n in range(len(table.frame))]
    draw_ablations([table], MEASURES, run / "figures", ORDER)
    (panel,) = [ax for ax in drawn[0].axes if "max_cosine" in ax.get_ylabel()]
    assert panel.get_ylim() == (0.0, 1.0)


def test_over_steps_a_note_names_the_methods_that_keep_their_own(tmp_path):
    points = []
    for steps in (500, 1000):
        for method, own in (("discovered", None), ("latentclr", 300)):
            settings = {"steps": own}
            write_cell(tmp_path, "planted", method, 1, steps=steps, method_settings={"steps": 7})
            cell = write_cell(tmp_path, "planted", method, 0, steps=steps, method_settings=settings)
            points.append({"method": method, "config_hash": cell.config_hash, "steps": steps})
    write_json(tmp_path / "ablation_steps.json", {"planted": {"seeds": [0], "points": points}})
    table = ablation_table(tmp_path, "steps", MEASURES, ORDER)
    (note,) = table.notes
    assert note.startswith("The directions of latentclr on planted take 300 steps in every row")


def test_without_an_ablation_nothing_is_written(tmp_path):
    write_cell(tmp_path, "planted", "random", 0)
    assert write_ablations(tmp_path, MEASURES, ORDER) == []
    assert {path.name for path in tmp_path.iterdir()} == {"cells"}


def test_an_ablation_of_which_nothing_has_ended_is_a_table_without_a_figure(tmp_path):
    (tmp_path / "cells").mkdir()
    points = [{"method": "discovered", "config_hash": "never", "k": 8}]
    write_json(tmp_path / "ablation_k.json", {"planted": {"seeds": [0], "points": points}})
    tables = write_ablations(tmp_path, MEASURES, ORDER)
    draw_ablations(tables, MEASURES, tmp_path / "figures", ORDER)
    assert "not computed yet" in (tmp_path / "ablation_k.csv").read_text()
    assert not (tmp_path / "figures").exists()


def test_over_k_a_row_says_how_many_times_chance_it_is(run):
    table = ablation_table(run, "k", MEASURES, ORDER)
    done = table.frame[table.frame["rca_fresh"].notna()]
    for row in done.to_dict("records"):
        assert row["times_chance"] == pytest.approx(row["rca_fresh"] * row["k"])
    rest = table.frame[table.frame["rca_fresh"].isna()]
    assert all(value is None for value in rest["times_chance"])
    assert "times_chance" not in ablation_table(run, "lambda", MEASURES, ORDER).frame
