"""Which cells make a row, and in which order."""

from pathlib import Path

import pytest

from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, read_run
from tests.report.drawn import write_cell, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of the test's own to change."""
    return write_run(tmp_path / "run")


def test_methods_stand_in_the_order_that_is_given_and_strangers_last_by_name(run):
    for method in ("zebra", "coordinate", "apt"):
        write_cell(run, "planted", method, 0)
    write_cell(run, "aaa", "random", 0)
    rows = headline(read_cells(run), {}, ("zebra", "discovered", "random"))
    assert [(r.generator, r.method) for r in rows] == [
        ("aaa", "random"),
        *[("planted", m) for m in ("zebra", "discovered", "random", "apt", "coordinate")],
    ]


def test_only_the_chosen_configuration_counts(run):
    other = write_cell(run, "planted", "random", 0, lr=9.0)
    rows = headline(read_cells(run), read_run(run)["headline"])
    assert [len(r.cells) for r in rows] == [2, 2]
    assert other not in [c.result.cell for r in rows for c in r.cells]


def test_without_a_choice_each_configuration_is_a_row(run):
    write_cell(run, "planted", "random", 0, lr=9.0)
    rows = headline(read_cells(run), {})
    assert sorted(len(r.cells) for r in rows if r.method == "random") == [1, 2]


def test_seeds_stand_in_the_order_of_their_numbers(run):
    for seed in (10, 2):
        write_cell(run, "planted", "random", seed)
    row = headline(read_cells(run), {})[1]
    assert [cell.result.cell.seed for cell in row.cells] == [0, 1, 2, 10]
    assert row.table("predictions")["seed"].value_counts().to_dict() == dict.fromkeys(
        (0, 1, 2, 10), 600
    )


def test_pictures_show_the_first_seed_that_is_done(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, failure="x")
    write_cell(tmp_path, "planted", "random", 4)
    (row,) = headline(read_cells(tmp_path), {})
    assert row.first.result.cell.seed == 4
    assert row.status() == "1 of 2 done; failed: x"


def test_a_reason_is_named_once(tmp_path):
    for seed, reason in enumerate(("x", "x", "y")):
        write_cell(tmp_path, "planted", "random", seed, failure=reason)
    (row,) = headline(read_cells(tmp_path), {})
    assert row.status() == "failed: x; y"
