"""By which promises the cells of a run compare: who shares a stream, and how R is judged."""

from dataclasses import dataclass, replace

import pandas as pd
import pytest

from baselines import METHODS
from baselines.coordinate import Coordinate
from benchmark.methods.method import Assignment, Fitted
from benchmark.metrics import METRICS
from benchmark.rca import evaluation
from benchmark.runs.grid import plan, record
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

Cells = dict[tuple[str, int], StoredCell]  # by method and seed


@dataclass(frozen=True)
class Twin(Coordinate):
    """The coordinate directions by another name."""


@dataclass(frozen=True)
class Fallen(Coordinate):
    """A baseline that fails."""

    def fit(self, task: Assignment) -> Fitted:
        raise RuntimeError("no axes today")


@pytest.fixture(scope="module")
def training_modes() -> list[bool]:
    """Whether R was in training mode, each time it was asked."""
    return []


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, training_modes: list[bool]) -> Cells:
    out = tmp_path_factory.mktemp("run")
    config = replace(RunConfig.from_preset("quick"), seeds=(0, 1)).with_settings(
        ["steps=3", "batch=4", "evaluation=40", "planted.k=3"]
    )
    methods = {**METHODS, "twin": Twin, "fallen": Fallen}
    chosen = ["discovered", "coordinate", "twin", "fallen"]
    groups = plan(config, ["planted"], chosen, methods)
    record(config, groups, out, "test")
    predict = evaluation.predict

    def watched(generator, shift, reconstructor, protocol, rng):  # type: ignore[no-untyped-def]
        training_modes.append(reconstructor.training)
        return predict(generator, shift, reconstructor, protocol, rng)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "predict", watched)
        list(execute(groups, out, "cpu", False, METRICS, {}))
    return {(c.result.cell.method, c.result.cell.seed): c for c in read_cells(out)}


def table(cell: StoredCell, name: str) -> pd.DataFrame:
    found = cell.table(name)
    assert found is not None
    return found


def test_every_method_and_seed_and_both_of_its_rs_answer_the_same_questions(cells: Cells) -> None:
    done = [cell for cell in cells.values() if cell.result.status == "done"]
    asked = [table(cell, "predictions")[["k", "eps"]] for cell in done]
    asked += [table(cells["discovered", s], "predictions_joint")[["k", "eps"]] for s in (0, 1)]
    assert len(asked) == 8
    assert all(questions.equals(asked[0]) for questions in asked)


def test_equal_directions_give_equal_cells_whatever_the_method_is_called(cells: Cells) -> None:
    for name in ("predictions", "curves"):
        for seed in (0, 1):
            one, two = (table(cells[m, seed], name) for m in ("coordinate", "twin"))
            assert one.equals(two)
        first, second = (table(cells["twin", seed], name) for seed in (0, 1))
        assert not first.equals(second)  # another training


def test_metrics_look_at_the_same_latents_for_every_seed(cells: Cells) -> None:
    found = [cells["coordinate", seed].result.metrics["collapse"] for seed in (0, 1)]
    assert found[0] == found[1]


def test_no_r_is_asked_while_it_is_in_training_mode(
    cells: Cells, training_modes: list[bool]
) -> None:
    assert training_modes == [False] * 8  # three fresh and one joint, for two seeds


def test_each_cell_stores_the_role_of_its_method_failed_or_not(cells: Cells) -> None:
    assert {method: cell.result.role for (method, _), cell in cells.items()} == {
        "discovered": "method",
        "coordinate": "baseline",
        "twin": "baseline",
        "fallen": "baseline",
    }
    assert cells["fallen", 0].result.status == "failed"
