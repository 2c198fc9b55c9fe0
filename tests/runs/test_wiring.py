"""The protocol's promises, seen where the wires run: who is asked what, with which R, and how.

Each test spies on the place where a stream, a reconstructor or a shift is handed over, so that it
fails when somebody draws anew, passes another seed, or judges in another mode.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor

from baselines import METHODS, USUAL
from benchmark.core.failures import Failure
from benchmark.directions.stored_shift import read_snapshots
from benchmark.generators.base import Generator
from benchmark.methods.imported import imported
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Evidence
from benchmark.rca import evaluation
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner
from benchmark.runs import examiner, lockstep
from benchmark.runs.grid import plan, record
from benchmark.runs.results import StoredCell, read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

SEEDS = (0, 1)
CELLS = len(SEEDS) * len(USUAL)
K = 5


@dataclass(frozen=True)
class Asked:
    """One call of `predict`: the questions' latents, k and eps, and the state of what answered."""

    latents: Tensor
    k: Tensor
    eps: Tensor
    training: bool
    learns: bool
    table: pd.DataFrame


@dataclass(frozen=True)
class Trained:
    """One learner: its method, the stream, and R's weights as its training began."""

    method: str
    stream: str
    weights: dict[str, Tensor]
    learner: Learner


@dataclass(frozen=True)
class Wires:
    """What a run of all methods and two seeds handed over."""

    asked: list[Asked]
    trained: list[Trained]
    evidence: list[Evidence]
    cells: list[StoredCell]


def settings(seeds: tuple[int, ...]) -> RunConfig:
    config = replace(RunConfig.from_preset("quick"), seeds=seeds)
    return config.with_settings(
        ["steps=6", "batch=4", "evaluation=60", f"planted.k={K}", "max_shift=3"]
    )


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Wires:
    """A tiny run whose calls are recorded; they go on as they would."""
    asked: list[Asked] = []
    trained: list[Trained] = []
    seen: list[Evidence] = []
    predict, train, measure = evaluation.predict, lockstep.train, examiner.measure

    def watched_predict(
        generator: Generator,
        examined: Sequence[evaluation.Examined],
        protocol: Protocol,
        rng: torch.Generator,
    ) -> list[list[pd.DataFrame] | Failure]:
        twin = torch.Generator()
        twin.set_state(rng.get_state())
        questions = evaluation.ShiftRange(protocol.max_shift, protocol.min_shift)
        first = questions.draw(generator, protocol.k, protocol.evaluation, twin)
        found = predict(generator, examined, protocol, rng)
        for one, tables in zip(examined, found, strict=True):
            assert not isinstance(tables, Failure)
            for reconstructor, table in zip(one.reconstructors, tables, strict=True):
                asked.append(
                    Asked(
                        first.latents.point.cpu(),
                        first.k,
                        first.eps,
                        any(module.training for module in reconstructor.modules()),
                        any(p.requires_grad for p in one.shift.parameters()),
                        table,
                    )
                )
        return found

    def watched_train(
        generator: Generator,
        learners: Sequence[Learner],
        protocol: Protocol,
        stream_name: str,
        *rest: Any,
        **named: Any,
    ) -> None:
        trained.extend(
            Trained(one.name, stream_name, copy.deepcopy(one.reconstructor.state_dict()), one)
            for one in learners
        )
        train(generator, learners, protocol, stream_name, *rest, **named)

    def watched_measure(metrics: Any, cell: Evidence) -> dict[str, Any]:
        seen.append(cell)
        return measure(metrics, cell)

    folder = tmp_path_factory.mktemp("wires")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "predict", watched_predict)
        patch.setattr(lockstep, "train", watched_train)
        patch.setattr(examiner, "measure", watched_measure)
        groups = plan(settings(SEEDS), ["planted"], list(USUAL), METHODS)
        record(settings(SEEDS), groups, folder, "test")
        results = list(execute(groups, folder, "cpu", False, METRICS, {}))
    assert [result.status for result in results] == ["done"] * CELLS
    return Wires(asked, trained, seen, read_cells(folder))


def test_one_evaluation_stream_for_all_methods_seeds_and_both_reconstructors(wires: Wires) -> None:
    first, *others = wires.asked
    assert len(others) == CELLS + len(SEEDS) - 1  # the joint R of the one learned method too
    for other in others:
        assert torch.equal(other.latents, first.latents)
        assert torch.equal(other.k, first.k)
        assert torch.equal(other.eps, first.eps)


def test_the_stored_answers_are_to_the_same_questions_over_seeds_and_methods(wires: Wires) -> None:
    tables = [cell.table("predictions") for cell in wires.cells]
    joint = [cell.table("predictions_joint") for cell in wires.cells]
    tables += [table for table in joint if table is not None]
    assert len(tables) == CELLS + len(SEEDS)
    for table in tables:
        assert table is not None
        assert tables[0] is not None
        pd.testing.assert_frame_equal(table[["k", "eps"]], tables[0][["k", "eps"]])


def test_no_reconstructor_is_judged_in_train_mode_nor_a_shift_that_still_learns(
    wires: Wires,
) -> None:
    assert [(one.training, one.learns) for one in wires.asked] == [(False, False)] * (
        CELLS + len(SEEDS)
    )


def test_every_method_of_a_seed_gets_the_same_fresh_reconstructor_and_questions(
    wires: Wires,
) -> None:
    fresh = [one for one in wires.trained if one.stream.endswith("fresh")]
    assert len(fresh) == CELLS
    by_stream: dict[str, list[Trained]] = {}
    for one in fresh:
        by_stream.setdefault(one.stream, []).append(one)
    assert [{one.method for one in group} for group in by_stream.values()] == [set(USUAL)] * len(
        SEEDS
    )
    for group in by_stream.values():
        for one in group:
            assert one.weights.keys() == group[0].weights.keys()
            for name, value in one.weights.items():
                assert torch.equal(value, group[0].weights[name]), (one.method, name)


def test_another_seed_gets_another_reconstructor_and_other_questions_to_learn_from(
    wires: Wires,
) -> None:
    own = {(one.method, one.stream): one for one in wires.trained}
    assert len(own) == CELLS + len(SEEDS)  # fresh ones, and the joint R of the learned method
    first, second = (
        one for (method, name), one in own.items() if method == "random" and "fresh" in name
    )
    assert any(not torch.equal(v, second.weights[name]) for name, v in first.weights.items())
    (joint, _) = (one for one in own.values() if one.stream.endswith("joint"))
    assert any(not torch.equal(v, first.weights[name]) for name, v in joint.weights.items())


def test_the_headline_is_of_the_fresh_reconstructor_not_of_the_joint_one(
    wires: Wires, tmp_path: Path
) -> None:
    """Learned directions that come back from their file have a fresh R alone: it is the same one,
    so that it must answer the same."""
    learned = next(c for c in wires.cells if c.has("predictions_joint.parquet"))
    methods = {**METHODS, "file": imported(learned.folder / "directions.safetensors").value}
    groups = plan(settings((learned.result.cell.seed,)), ["planted"], ["file"], methods)
    accuracy = {"accuracy": METRICS["accuracy"]}
    (result,) = execute(groups, tmp_path, "cpu", False, accuracy, {})
    for figure in ("rca_fresh", "shift_error"):  # RCA of few pairs may be equal by chance
        assert result.metrics[figure] == learned.result.metrics[figure]
    (brought,) = read_cells(tmp_path)
    expected, found = brought.table("predictions"), learned.table("predictions")
    assert expected is not None
    assert found is not None
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert not found.equals(learned.table("predictions_joint"))


def test_a_cell_keeps_the_curve_of_each_phase_as_its_own_learner_wrote_it(wires: Wires) -> None:
    for cell in wires.cells:
        curves = cell.table("curves")
        assert curves is not None
        learners = _learners_of(cell, wires)
        assert {*curves["phase"]} == {*learners}
        for phase, rows in curves.groupby("phase"):
            assert rows.drop(columns="phase").to_numpy().tolist() == learners[str(phase)].curve
        kept = [learner.curve for learner in learners.values()]
        assert all(one != other for one, other in combinations(kept, 2))


def test_the_stages_of_a_cell_lead_from_where_the_directions_began_to_where_they_ended(
    wires: Wires,
) -> None:
    for cell in wires.cells:
        learner = _learners_of(cell, wires).get("joint")
        assert cell.has("evolution.safetensors") == (learner is not None)
        if learner is not None:
            stages = read_snapshots(cell.folder / "evolution.safetensors")
            assert list(stages) == sorted(learner.snapshots)
            first, *_, last = (shift.state_dict()["fixed"] for shift in stages.values())
            assert torch.equal(last, cell.directions().shift.state_dict()["fixed"])
            assert not torch.allclose(first, last, atol=1e-3)


def test_metrics_look_at_the_same_latents_for_every_method_and_seed(wires: Wires) -> None:
    drawn = [cell.sample(8, "collapse").point for cell in wires.evidence]
    assert len(drawn) == CELLS
    assert all(torch.equal(point, drawn[0]) for point in drawn)


def test_collapse_is_measured_at_the_largest_shift_of_the_protocol(wires: Wires) -> None:
    """By a loop over directions and both signs, on the images themselves."""
    for cell, stored in zip(wires.evidence, _in_order(wires), strict=True):
        assert cell.protocol.max_shift == 3.0
        latents = cell.sample(32, "collapse")
        matrix = stored.directions().shift.tangents(latents)  # (d, K)
        with torch.no_grad():
            before = _spread(cell.original(latents))
            for k in range(K):
                after = [
                    _spread(cell.original(replace(latents, point=latents.point + e * matrix[:, k])))
                    for e in (-3.0, 3.0)
                ]
                expected = sum(after) / (2 * before)
                found = stored.result.metrics["by_direction"]["collapse"][k]
                assert found == pytest.approx(expected, rel=1e-4)


def _learners_of(cell: StoredCell, wires: Wires) -> dict[str, Learner]:
    """What was trained for the cell, by phase: `fresh` and, where A learned, `joint`."""
    seed = f"planted seed {cell.result.cell.seed} "
    return {
        one.stream.removeprefix(seed): one.learner
        for one in wires.trained
        if one.method == cell.result.cell.method and one.stream.startswith(seed)
    }


def _spread(images: Tensor) -> float:
    """Mean distance over pairs of images, one pair at a time."""
    flat = images.flatten(1).double()
    pairs = [(a - b).norm().item() for i, a in enumerate(flat) for b in flat[:i]]
    return sum(pairs) / len(pairs)


def _in_order(wires: Wires) -> list[StoredCell]:
    """The stored cells in the order in which they were judged: by the answers that each holds."""
    left = list(wires.cells)
    found = []
    for cell in wires.evidence:
        own = next(
            stored for stored in left if cell.predictions.equals(stored.table("predictions"))
        )
        left.remove(own)
        found.append(own)
    return found
