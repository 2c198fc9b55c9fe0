"""Duels of methods: accuracies by a plain loop, and no comparison made twice."""

from math import comb

import pytest

from benchmark.core.estimates import Undefined
from benchmark.report.tables import duels as module
from benchmark.report.tables.against import comparison_table
from benchmark.report.tables.duels import Duels
from benchmark.report.tables.leaderboard import leaderboard
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.runs.roles import assign_roles
from tests.report.drawn import MEASURES, ORDER, write_cell

METHODS = ("discovered", "coordinate", "random")
ROLES = {"discovered": "method", "coordinate": "baseline", "random": "baseline"}


@pytest.fixture
def rows(tmp_path):
    """The rows of a run of two generators, three methods and two seeds, and one that failed."""
    for generator in ("y", "x"):
        for method in METHODS:
            for seed in (0, 1):
                write_cell(tmp_path, generator, method, seed)
    write_cell(tmp_path, "z", "random", 0, failure="x")
    return headline(read_cells(tmp_path), {}, ORDER)


def test_accuracies_are_what_a_loop_counts(rows):
    found = Duels(rows).accuracies
    assert len(found) == 2 * 3 * 2 * 8
    assert found[["generator", "method"]].apply(tuple, axis=1).is_monotonic_increasing
    for r in rows:
        for stored in r.done:
            answers, seed = stored.table("predictions"), stored.result.cell.seed
            for k in range(8):
                asked = answers[answers["k"] == k]
                (line,) = found[
                    (found["generator"] == r.generator)
                    & (found["method"] == r.method)
                    & (found["seed"] == seed)
                    & (found["k"] == k)
                ].to_dict("records")
                assert line["n"] == len(asked)
                assert line["accuracy"] == pytest.approx(sum(asked["k_hat"] == k) / len(asked))


def test_comparison_and_leaderboard_compare_a_pair_once_and_say_what_they_say_alone(
    rows, monkeypatch
):
    roles = assign_roles(ROLES, ())
    alone = comparison_table(rows, roles).frame, leaderboard(rows, MEASURES, ORDER)
    made = []

    def counted(tables, method, baselines, **terms):
        made.append((method, *baselines))
        return compare(tables, method, baselines, **terms)

    compare = module.compare_methods
    monkeypatch.setattr(module, "compare_methods", counted)
    duels = Duels(rows)
    assert comparison_table(rows, roles, None, duels).frame.equals(alone[0])
    board = leaderboard(rows, MEASURES, ORDER, duels)
    for name in ("board", "matrix", "pairs"):
        assert getattr(board, name).frame.equals(getattr(alone[1], name).frame)
    assert sorted(made) == sorted({*made})
    assert len(made) == 3  # of three methods


def test_a_method_of_two_configurations_somewhere_is_compared_elsewhere_alone(rows, tmp_path):
    write_cell(tmp_path, "x", "random", 0, lr=1.0)
    before, duels = Duels(rows), Duels(headline(read_cells(tmp_path), {}, ORDER))
    assert before.left_out == []
    assert duels.left_out == ["Left out is random on x: it has 2 configurations in this run."]
    assert len(duels.accuracies) == len(before.accuracies) - 2 * 8  # of the two seeds that it has
    known = [c for c in duels.of("discovered", "random") if not isinstance(c.difference, Undefined)]
    assert [comparison.generators for comparison in known] == [("y",)]


def test_without_answers_there_is_nothing_to_compare(tmp_path):
    write_cell(tmp_path, "x", "random", 0, failure="x")
    assert Duels(headline(read_cells(tmp_path), {})).accuracies.empty


def test_a_clear_lead_stays_clear_in_a_family_of_many_methods(tmp_path):
    """No p of 9,999 arrangements is below 0.0001, and Holm multiplies it by the number of pairs."""
    methods = [f"m{i:02}" for i in range(24)]
    for generator in ("x", "y"):
        for method in methods:
            skill = 0.9 if method == "m00" else 0.2
            write_cell(tmp_path, generator, method, 0, k=20, n=600, skill=skill)
    duels = Duels(headline(read_cells(tmp_path), {}, methods))
    tests = comb(len(methods), 2) * (2 + 1)
    for comparison in duels.of("m00", "m01"):
        assert comparison.p < 0.05 / tests
    for comparison in duels.of("m01", "m02"):
        assert comparison.p > 0.05 / tests
