"""Convergence: budgets double until no method's RCA moves, and guessing is not standing still."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.runs import convergence, runner
from benchmark.runs.convergence import Move, compared, moves, own_steps, rounds, settled
from benchmark.runs.results import Cell, Result, read_run

TINY = ("--set", "batch=4", "--set", "evaluation=60", "-m", "random", "-m", "discovered")


def result(method: str, steps: int, seed: int, rca: float | None) -> Result:
    config = {"protocol": {"steps": steps}, "method": {}}
    cell = Cell("planted", method, seed, f"{steps:010d}")
    if rca is None:
        return Result(cell, "failed", config, "it diverged")
    return Result(cell, "done", config, metrics={"rca_fresh": rca})


def test_each_round_has_one_budget_more_and_none_beyond_the_most() -> None:
    assert list(rounds(4_500)) == [(500, 1000), (500, 1000, 2000), (500, 1000, 2000, 4000)]
    assert list(rounds(1_000)) == [(500, 1000)]
    with pytest.raises(BenchError, match="1000 steps or more"):
        next(rounds(999))


def test_a_move_is_between_means_over_seeds_of_the_last_two_budgets() -> None:
    results = [
        *(result("a", steps, seed, rca) for steps, seed, rca in
          [(500, 0, 0.1), (1000, 0, 0.30), (1000, 1, 0.34), (2000, 0, 0.33), (2000, 1, 0.30)]),
        result("b", 1000, 0, 0.5), result("b", 2000, 0, None),
    ]  # fmt: skip
    (move,) = moves(results, 1000, 2000)  # b has no figure at 2,000
    assert move.method == "a"
    assert (move.before, move.after) == pytest.approx((0.32, 0.315))
    assert str(move) == "a 0.315 (-0.005)"


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ([("a", 0.400, 0.409), ("b", 0.300, 0.291)], True),
        ([("a", 0.400, 0.409), ("b", 0.300, 0.311)], False),  # one still rises
        ([("a", 0.400, 0.409), ("b", 0.300, 0.289)], False),  # or falls
        ([("a", 0.126, 0.127), ("b", 0.125, 0.124)], False),  # all guess, one of eight
        ([("a", 0.400, 0.401), ("b", 0.125, 0.124)], True),  # this one only ever guesses
        ([], False),
    ],
)
def test_it_has_settled_when_nothing_moves_and_something_was_learned(
    moved: list[tuple[str, float, float]], expected: bool
) -> None:
    assert settled([Move(*one) for one in moved], [one[0] for one in moved], k=8) is expected


def test_what_failed_has_not_settled_and_seeds_are_held_against_themselves() -> None:
    results = [
        *(result("a", steps, seed, rca) for steps, seed, rca in
          [(500, 0, 0.400), (500, 1, 0.900), (1000, 0, 0.401)]),
        result("a", 1000, 1, None), result("b", 500, 0, 0.2), result("b", 1000, 0, None),
    ]  # fmt: skip
    (move,) = moves(results, 500, 1000)
    assert (move.before, move.after) == pytest.approx((0.400, 0.401))  # of the seed that has both
    assert not settled([move], ["a", "b"], k=8)
    assert settled([move], ["a"], k=8)


def test_what_was_skipped_or_has_steps_of_its_own_does_not_count() -> None:
    own = result("own", 500, 0, 0.4)
    own = replace(own, config={**own.config, "method": {"steps": 100}})
    skipped = replace(result("skipped", 500, 0, None), status="skipped")
    counted = [result("a", 500, 0, 0.4), result("failed", 500, 0, None)]
    assert compared([own, skipped, *counted]) == {"a", "failed"}
    assert own_steps(own) is not None
    assert own_steps(replace(own, status="skipped")) is None  # it took none
    assert settled([Move("a", 0.40, 0.40), Move("own", 0.40, 0.45)], ["a"], k=8)
    assert not settled([Move("a", 0.13, 0.13), Move("own", 0.40, 0.40)], ["a"], k=8)


def test_with_two_directions_something_can_be_learned_too() -> None:
    assert settled([Move("a", 0.8, 0.8)], ["a"], k=2)
    assert not settled([Move("a", 0.6, 0.6)], ["a"], k=2)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the steps of each cell that is computed, not only read."""
    steps: list[int] = []
    original = runner.GroupRun.results

    def counted(self: Any, jobs: Any) -> Any:
        steps.extend(job.config["protocol"]["steps"] for job in jobs)
        return original(self, jobs)

    monkeypatch.setattr(runner.GroupRun, "results", counted)
    return steps


def converge(run: Path, most: int) -> str:
    arguments = ["converge", "-g", "planted", *TINY, "--most", str(most), "--out", str(run)]
    done = CliRunner().invoke(main, [*arguments, "--jobs", "1"])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_doubles_until_it_has_settled_and_computes_nothing_twice(
    tmp_path: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convergence, "FIRST", 2)
    monkeypatch.setattr(convergence, "settled", lambda moved, ran, k: True)
    said = converge(tmp_path, 8)
    assert "settled: 2 steps are enough" in said
    assert sorted(computed) == [2, 2, 4, 4]

    monkeypatch.setattr(convergence, "settled", lambda moved, ran, k: False)
    said = converge(tmp_path, 8)
    assert "not settled after 8 steps" in said
    assert sorted(computed) == [2, 2, 4, 4, 8, 8]

    table = pd.read_csv(tmp_path / "ablation_steps.csv")
    assert table["steps"].tolist() == [2, 4, 8] * 2
    assert table["rca_fresh"].notna().all()
    assert (tmp_path / "figures" / "ablation_steps.svg").exists()
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Convergence: the same comparison with more steps" in page
    main_table = pd.read_csv(tmp_path / "rca.csv")
    assert len(main_table) == 2
    longest = {table["rca_fresh"][i] for i in (2, 5)}
    assert set(main_table["rca_fresh"]) == longest  # of the most steps


def test_an_ordinary_run_keeps_its_main_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = ["run", "-g", "planted", *TINY, "--set", "steps=3", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, ordinary).exit_code == 0
    shown = read_run(tmp_path)["headline"]
    monkeypatch.setattr(convergence, "FIRST", 3)  # a budget is the ordinary number of steps
    said = converge(tmp_path, 12)
    assert read_run(tmp_path)["headline"] == shown
    told = [line.split()[:4] for line in said.splitlines() if "rca_fresh" in line]
    assert [steps for steps, _, _, method in told if method == "random"] == ["3", "6", "12"]


FRAIL = """
from dataclasses import dataclass
from benchmark.methods.method import Method

@dataclass(frozen=True)
class Frail(Method):
    def fit(self, task):
        raise ValueError(f"broke at {task.protocol.steps} steps")
"""


def test_a_cell_that_failed_is_said_and_tried_once_in_a_command(
    tmp_path: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convergence, "FIRST", 2)
    (tmp_path / "frail.py").write_text(FRAIL)
    frail, run = f"{tmp_path / 'frail.py'}:Frail", str(tmp_path / "run")
    terms = [*TINY[:-2], "-m", frail, "--most", "8", "--out", run, "--jobs", "1"]
    for expected in ([4, 4, 2, 2, 8, 8], [4, 2, 8]):  # the next command tries what failed again
        computed.clear()
        done = CliRunner().invoke(main, ["converge", "-g", "planted", *terms])
        assert done.exit_code == 1
        said = [line for line in done.stdout.splitlines() if "broke at" in line]
        assert [line.split()[0] for line in said] == ["4", "2", "8"]
        assert "not settled after 8 steps" in done.output  # what failed has no figure to stand
        assert "3 cells failed" in done.output
        assert computed == expected


PRESET = """
batch = 4
evaluation = 60
k = 17

[planted.discovered]
space = "unit"

[latentclr]
steps = 3
"""


def test_the_command_asks_only_those_that_run_and_learn_as_long_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    monkeypatch.setattr(convergence, "FIRST", 2)
    monkeypatch.setattr(convergence, "settled", lambda moved, ran, k: asked.append(ran))
    (tmp_path / "mine.toml").write_text(PRESET)
    named = [part for name in ("discovered", "latentclr", "random") for part in ("-m", name)]
    terms = ["--preset", f"{tmp_path / 'mine.toml'}", "--most", "4", "--jobs", "1"]
    done = CliRunner().invoke(
        main, ["converge", "-g", "planted", *named, *terms, "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    assert asked == [{"discovered"}]  # at random, 17 directions are too many
    assert "latentclr did not count: its directions always take 3 steps" in done.output
    table = (tmp_path / "run" / "ablation_steps.md").read_text()
    assert "The directions of latentclr on planted take 3 steps in every row" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--most", "700"], "1000 steps or more"),
        (["--set", "steps=3"], "fixes what is varied here"),
        (["-m", "discoverd"], "did you mean discovered"),
    ],
)
def test_what_cannot_be_right_is_said_in_a_line(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = CliRunner().invoke(
        main, ["converge", "-g", "planted", *arguments, "--out", str(tmp_path)]
    )
    assert done.exit_code == 2
    assert message in done.output
