"""recipe.csv: there when something was tried, and it says what."""

import json
import shutil

import pandas as pd

from benchmark.core.json_files import sealed, write_json
from benchmark.report.tables.recipe import recipe_table, write_recipe
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, ORDER, write_cell


def test_there_is_no_recipe_without_a_second_configuration(run):
    write_cell(run, "other", "random", 0, k=4)  # another generator's K is not a trial
    write_recipe(read_cells(run), MEASURES, run, ORDER)
    assert not (run / "recipe.csv").exists()


def test_every_cell_is_a_row_with_what_differs_the_best_first(run):
    for i, rate in enumerate((1e-3, 1e-4)):
        write_cell(run, "planted", "random", 0, skill=0.2 + 0.7 * i, lr=rate, batch=32)
    write_cell(run, "planted", "random", 1, failure="ValueError: no", lr=1e-4, batch=32)
    table = recipe_table(read_cells(run), MEASURES, ORDER).frame
    assert list(table["method"]) == ["discovered"] * 2 + ["random"] * 5
    assert set(table.columns[2:4]) == {"batch", "lr"}  # steps and the rest are the same everywhere
    assert table.columns[4] == "seed"
    own = table[table["method"] == "random"]
    assert own["rca_fresh"].iloc[:4].is_monotonic_decreasing
    assert own["lr"].iloc[0] == 1e-4
    assert own["status"].iloc[-1] == "failed: ValueError: no"
    assert list(own["seconds_fit"].iloc[:4]) == [1.5] * 4


def test_a_methods_own_settings_go_by_its_name(run):
    write_cell(run, "planted", "discovered", 0, method_settings={"space": "orthonormal"})
    write_recipe(read_cells(run), MEASURES, run, ORDER)
    table = pd.read_csv(run / "recipe.csv")
    assert set(table["discovered.space"].dropna()) == {"unit", "orthonormal"}
    assert table.loc[table["method"] == "random", "discovered.space"].isna().all()
    header = next(x for x in (run / "recipe.md").read_text().splitlines() if x.startswith("| gen"))
    assert header.startswith("| generator | method | discovered.space | seed |")


def test_the_options_of_a_generator_are_settings_too(run):
    for path in list(run.glob("cells/planted/random/*/result.json")):
        content = json.loads(path.read_text())
        content["config"]["generator"] = {"space": "w", "layers": [0, 1]}
        content["cell"]["config_hash"] = "0dd0dd0dd0"
        folder = path.parent.with_name(f"{path.parent.name.split('-')[0]}-0dd0dd0dd0")
        shutil.copytree(path.parent, folder)
        write_json(folder / "result.json", sealed(content))
    table = recipe_table(read_cells(run), MEASURES, ORDER).frame
    assert set(table["planted.space"].dropna()) == {"w"}
    assert set(table["planted.layers"].dropna()) == {"[0, 1]"}


def test_a_run_of_failures_has_a_recipe_too(tmp_path):
    for rate in (1.0, 2.0):
        write_cell(tmp_path, "planted", "random", 0, failure="x", lr=rate)
    write_recipe(read_cells(tmp_path), MEASURES, tmp_path, ORDER)
    assert pd.read_csv(tmp_path / "recipe.csv")["rca_fresh"].isna().all()
