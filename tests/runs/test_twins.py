"""A method's name decides its role and what it draws, nothing else."""

from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd
import pytest
import torch

from baselines import METHODS
from baselines.coordinate import Coordinate
from baselines.random import Random
from benchmark.methods.method import Assignment, Fitted
from benchmark.metrics import METRICS
from benchmark.runs.grid import plan, record
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

Cells = dict[tuple[str, int], StoredCell]  # by method and seed


@dataclass(frozen=True)
class Twin(Coordinate):
    """The coordinate directions by another name."""


@dataclass(frozen=True)
class Dice(Random):
    """Random directions by another name."""


@dataclass(frozen=True)
class Fallen(Coordinate):
    """A baseline that fails."""

    def fit(self, task: Assignment) -> Fitted:
        raise RuntimeError("no axes today")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    out = tmp_path_factory.mktemp("run")
    config = replace(RunConfig.from_preset("quick"), seeds=(0, 1)).with_settings(
        ["steps=3", "batch=4", "evaluation=40", "planted.k=3"]
    )
    methods = {**METHODS, "twin": Twin, "dice": Dice, "fallen": Fallen}
    groups = plan(
        config,
        ["planted"],
        ["discovered", "coordinate", "twin", "random", "dice", "fallen"],
        methods,
    )
    record(config, groups, out, "test")
    list(execute(groups, out, "cpu", False, METRICS, {}))
    return {(c.result.cell.method, c.result.cell.seed): c for c in read_cells(out)}


def table(cell: StoredCell, name: str) -> pd.DataFrame:
    found = cell.table(name)
    assert found is not None
    return found


def test_equal_directions_give_equal_cells_whatever_the_method_is_called(cells: Cells) -> None:
    for name in ("predictions", "curves"):
        for seed in (0, 1):
            one, two = (table(cells[m, seed], name) for m in ("coordinate", "twin"))
            assert one.equals(two)
        first, second = (table(cells["twin", seed], name) for seed in (0, 1))
        assert not first.equals(second)  # another training


def test_methods_that_draw_have_a_stream_of_their_own(cells: Cells) -> None:
    drawn = [cells[m, s].directions().shift.matrix() for m in ("random", "dice") for s in (0, 1)]
    for one, other in combinations(drawn, 2):
        assert not torch.allclose(one, other, atol=0.01)


def test_each_cell_stores_the_role_of_its_method_failed_or_not(cells: Cells) -> None:
    assert {method: cell.result.role for (method, _), cell in cells.items()} == {
        "discovered": "method",
        "coordinate": "baseline",
        "twin": "baseline",
        "random": "baseline",
        "dice": "baseline",
        "fallen": "baseline",
    }
    assert cells["fallen", 0].result.status == "failed"
