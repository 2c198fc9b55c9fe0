"""The tables against the stored parquet files, read with plain numpy and scipy."""

import json
from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, ttest_1samp

from benchmark.core.json_files import sealed, write_json
from benchmark.report.tables.main_table import (
    direction_table,
    interval,
    rca_row,
    rca_table,
    write_tables,
)
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, write_cell

COLUMNS = (
    "generator,method,rca_fresh,rca_fresh_low,rca_fresh_high,rca_joint,top5,shift_error,max_cosine,"
    "effective_rank,collapse,k,chance,n,seeds,seconds,status"
)


def rows_of(run):
    return headline(read_cells(run), {})


def answers(run, method):
    """The stored answers of each seed, as numpy arrays by column."""
    paths = sorted((run / "cells" / "planted" / method).glob("*/predictions.parquet"))
    return [{c: v.to_numpy() for c, v in pd.read_parquet(path).items()} for path in paths]


def test_rca_csv_has_exactly_the_columns_and_full_precision(run):
    write_tables(rows_of(run), MEASURES, run)
    header, *rows = (run / "rca.csv").read_text().splitlines()
    assert header == COLUMNS
    assert [row.split(",")[:2] for row in rows] == [
        ["planted", "discovered"],
        ["planted", "random"],
    ]
    shares = [(a["k"] == a["k_hat"]).mean() for a in answers(run, "random")]
    assert rows[1].split(",")[2] == repr(float(np.mean(shares)))


@pytest.mark.parametrize("method", ["discovered", "random"])
def test_a_row_is_what_numpy_makes_of_the_stored_answers(run, method):
    row = rca_table(rows_of(run), MEASURES).set_index("method").loc[method]
    seeds = answers(run, method)
    assert row["rca_fresh"] == pytest.approx(
        np.mean([np.mean(a["k"] == a["k_hat"]) for a in seeds])
    )
    assert row["top5"] == pytest.approx(np.mean([np.mean(a["rank"] < 5) for a in seeds]))
    right = [a["k"] == a["k_hat"] for a in seeds]
    pooled = binomtest(int(np.sum(right)), np.size(right)).proportion_ci(method="wilson")
    student = ttest_1samp([np.mean(r) for r in right], 0).confidence_interval()
    wider = max((pooled, np.clip(student, 0, 1)), key=np.ptp)
    assert (row["rca_fresh_low"], row["rca_fresh_high"]) == pytest.approx(tuple(wider))
    errors = [np.mean(np.abs(a["eps"].astype(float) - a["eps_hat"])) for a in seeds]
    assert row["shift_error"] == pytest.approx(np.mean(errors), rel=1e-6)
    assert (row["n"], row["seeds"], row["k"], row["chance"]) == (1200, 2, 8, 0.125)
    assert row["seconds"] == 2 * (1.5 + 2.5 + 0.25)
    assert row["status"] == "done"


def test_seeds_far_apart_give_students_interval():
    shares = np.array([0.3, 0.5, 0.55])
    low, high = interval(shares, np.array([1000, 1000, 1000]))
    oracle = ttest_1samp(shares, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((oracle.low, oracle.high))


def test_students_interval_ends_at_the_ends_of_the_scale():
    assert interval(np.array([0.1, 0.9]), np.array([1000, 1000])) == (0.0, 1.0)


@pytest.mark.parametrize("right", [[300, 300, 300], [300, 301, 300], [300]])
def test_seeds_alike_give_wilsons_interval_of_all_questions(right):
    low, high = interval(np.array(right) / 1000, np.full(len(right), 1000))
    oracle = binomtest(sum(right), 1000 * len(right)).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((oracle.low, oracle.high))


def test_a_failed_seed_is_named_and_counts_for_nothing(run):
    before = rca_table(rows_of(run), MEASURES).set_index("method").loc["random"]
    write_cell(run, "planted", "random", 2, failure="Diverged: the loss became nan\nat step 7")
    after = rca_table(rows_of(run), MEASURES).set_index("method").loc["random"]
    assert after["status"] == "2 of 3 done; failed: Diverged: the loss became nan at step 7"
    pd.testing.assert_series_equal(after.drop("status"), before.drop("status"))


def test_a_method_that_only_failed_keeps_its_row_without_figures(run):
    write_cell(run, "planted", "coordinate", 0, failure="ValueError: no")
    write_cell(run, "planted", "coordinate", 1, failure="ValueError: no")
    write_tables(rows_of(run), MEASURES, run)
    row = pd.read_csv(run / "rca.csv").set_index("method").loc["coordinate"]
    assert row["status"] == "failed: ValueError: no"
    assert isnan(row["rca_fresh"])
    assert isnan(row["rca_fresh_high"])
    assert (row["k"], row["n"], row["seeds"], row["seconds"]) == (8, 0, 0, 0)
    assert "| planted | coordinate | undefined | |" in (run / "rca.md").read_text().replace(
        "  ", " "
    )
    assert len(pd.read_csv(run / "seeds.csv")) == 6


def test_a_missing_joint_figure_stays_empty(run):
    for path in (run / "cells/planted/random").glob("*/result.json"):
        content = json.loads(path.read_text())
        del content["metrics"]["rca_joint"]
        write_json(path, sealed(content))
    table = rca_table(rows_of(run), MEASURES).set_index("method")
    assert isnan(table.loc["random", "rca_joint"])
    assert not isnan(table.loc["discovered", "rca_joint"])


def test_directions_csv_counts_right(run):
    table = direction_table(rows_of(run), MEASURES)
    assert len(table) == 2 * 2 * 8
    for seed, stored in enumerate(answers(run, "random")):
        own = table[(table["method"] == "random") & (table["seed"] == seed)].set_index("k")
        for k in range(8):
            asked = stored["k"] == k
            right = int((asked & (stored["k_hat"] == k)).sum())
            assert own.loc[k, "n"] == asked.sum()
            assert own.loc[k, "accuracy"] == pytest.approx(right / asked.sum())
            oracle = binomtest(right, int(asked.sum())).proportion_ci(method="wilson")
            assert own.loc[k, "accuracy_low"] == pytest.approx(oracle.low)
            assert own.loc[k, "accuracy_high"] == pytest.approx(oracle.high)
        np.testing.assert_allclose(own["collapse"], np.linspace(0.7, 1.0, 8))


def test_the_page_explains_every_column_in_a_sentence(run):
    write_tables(rows_of(run), MEASURES, run)
    page = (run / "rca.md").read_text()
    for name in COLUMNS.split(","):
        sentence = next(line for line in page.splitlines() if line.startswith(f"- `{name}`: "))
        assert sentence.endswith(".")


def set_figure(run, method, name, values):
    """Write a figure into the cells of a method, one value per seed."""
    paths = sorted((run / "cells/planted" / method).glob("*/result.json"))
    for path, value in zip(paths, values, strict=True):
        content = json.loads(path.read_text())
        content["metrics"][name] = value
        write_json(path, sealed(content))


def test_a_column_that_nobody_can_fill_is_left_out_and_else_stands_with_the_others(run):
    write_tables(rows_of(run), MEASURES, run)
    for name in ("rca.csv", "rca.md", "seeds.csv"):
        assert "recovery" not in (run / name).read_text()
    set_figure(run, "random", "recovery", (0.3, 0.5))
    write_tables(rows_of(run), MEASURES, run)
    table = pd.read_csv(run / "rca.csv").set_index("method")
    assert table.loc["random", "recovery"] == pytest.approx(0.4)
    assert isnan(table.loc["discovered", "recovery"])
    assert list(table).index("recovery") == list(table).index("collapse") + 1
    assert "- `recovery`: Where the true directions are known" in (run / "rca.md").read_text()


def test_a_mean_over_seeds_of_which_one_does_not_know_is_not_known(run):
    set_figure(run, "random", "collapse", (0.9, None))
    set_figure(run, "discovered", "collapse", (0.6, 0.8))
    table = rca_table(rows_of(run), MEASURES).set_index("method")
    assert isnan(table.loc["random", "collapse"])
    assert table.loc["discovered", "collapse"] == pytest.approx(0.7)


def test_a_row_without_a_done_seed_needs_no_figures(run):
    write_cell(run, "planted", "coordinate", 0, k=512, failure="x")
    row = rca_row(next(r for r in rows_of(run) if r.method == "coordinate"), MEASURES)
    assert (row["k"], row["chance"], row["seeds"]) == (512, 1 / 512, 0)
