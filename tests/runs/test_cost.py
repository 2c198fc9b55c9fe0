"""The estimate before a run against what the run then takes, by a clock that counts images."""

import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest
import torch
from torch import Tensor

from baselines import METHODS, USUAL
from benchmark.cli.shared import agree
from benchmark.generators.asking.contract import check
from benchmark.generators.base import Generator, Latents
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Evidence, Metric
from benchmark.runs.cost import Cost, costs, statement, total
from benchmark.runs.engines.placing import Choice
from benchmark.runs.engines.processes import Processes
from benchmark.runs.grid import Group, plan
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from benchmark.tables.table import Column

TERMS = "steps = 40\nbatch = 4\nk = 3\nevaluation = 2000\n"
OWN_LOSS = ("hessian_penalty", "orojar", "latentclr")


class Counted(Generator):
    """A generator whose images take `price` seconds each by the clock of these tests."""

    latent_dim, image_shape = 5, (1, 32, 32)
    clock: ClassVar[float] = 0.0
    price: ClassVar[float] = 0.001
    images: ClassVar[int] = 0
    broken: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.image = torch.nn.Linear(5, 32 * 32)

    def feature_layers(self) -> tuple[str, ...]:
        return ("image",)

    def forward(self, latents: Latents) -> Tensor:
        Counted.clock += Counted.price * len(latents)
        Counted.images += len(latents)
        if Counted.broken:
            raise RuntimeError("no image today")
        return self.image(latents.point).tanh().unflatten(1, self.image_shape)  # (n, 1, 32, 32)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: Counted.clock)
    for name, value in (("price", 0.001), ("images", 0), ("broken", False)):
        monkeypatch.setattr(Counted, name, value)


@pytest.fixture
def groups(tmp_path: Path) -> list[Group]:
    return planned(tmp_path, "seeds = [0, 1]\n")


def planned(folder: Path, toml: str = "", methods: list[str] | None = None) -> list[Group]:
    """Groups of the planted generator's plan, on a generator that counts."""
    path = folder / "mine.toml"
    path.write_text(TERMS + toml)
    config = RunConfig.from_preset(str(path))
    found = plan(config, ["planted"], methods or USUAL, METHODS)
    torch.manual_seed(0)
    return [replace(group, generator=Counted()) for group in found]


def test_the_estimate_is_what_the_run_takes(groups: list[Group], tmp_path: Path) -> None:
    expected = costs(groups, tmp_path / "run", "cpu", False, METRICS)
    estimates = list(expected.values())
    began = Counted.clock
    results = list(execute(groups, tmp_path / "run", "cpu", False, METRICS, {}))
    assert {result.status for result in results} == {"done"}
    assert total(estimates) == pytest.approx(Counted.clock - began, rel=0.02)
    for estimate, result in zip(estimates, results, strict=True):
        assert (estimate.generator, estimate.method) == ("planted", result.cell.method)
        assert estimate.seconds == pytest.approx(sum(result.seconds.values()), rel=0.02)
        assert estimate.steps == (40 if estimate.method in ("random", "coordinate") else 80)
        assert 5e7 < estimate.memory < 1e10  # torch alone takes more than the one


@pytest.mark.parametrize("method", [*OWN_LOSS, "warped"])
def test_steps_of_a_method_are_in_the_estimate(method: str, tmp_path: Path) -> None:
    own = f"[{method}]\nsteps = 17\n" if method in OWN_LOSS else ""
    groups = planned(tmp_path, own, [method])
    (estimate,) = costs(groups, tmp_path / "run", "cpu", False, METRICS).values()
    began = Counted.clock
    (result,) = execute(groups, tmp_path / "run", "cpu", False, METRICS, {})
    assert result.status == "done", result.reason
    assert estimate.seconds == pytest.approx(Counted.clock - began, rel=0.02)
    assert estimate.steps == 40 + (17 if own else 40)
    assert not estimate.fits
    each = {"hessian_penalty": 5, "orojar": 3, "latentclr": 2 * (3 + 1), "warped": 2}[method]
    judged = 2 * 2000 + 32 * (1 + 4 * 3)
    fit = estimate.seconds - 40 * 4 * 2 * Counted.price - judged * Counted.price
    assert fit == pytest.approx((17 if own else 40) * 4 * each * Counted.price)


def test_only_what_is_not_done_counts_unless_forced(groups: list[Group], tmp_path: Path) -> None:
    run = tmp_path / "run"
    list(execute(groups[:1], run, "cpu", False, METRICS, {}))
    left = costs(groups, run, "cpu", False, METRICS)
    assert len(left) == 3  # the other seed
    assert len(costs(groups, run, "cpu", True, METRICS)) == 6
    list(execute(groups[1:], run, "cpu", False, METRICS, {}))
    made = Counted.images
    assert costs(groups, run, "cpu", False, METRICS) == {}
    assert Counted.images == made


def test_seeds_are_timed_once(groups: list[Group], tmp_path: Path) -> None:
    check(groups[0].generator), check(groups[1].generator)
    Counted.images = 0
    costs(groups[:1], tmp_path, "cpu", False, METRICS)
    one, Counted.images = Counted.images, 0
    costs(groups, tmp_path, "cpu", False, METRICS)
    assert Counted.images == one


def test_a_slow_generator_is_asked_for_one_step(groups: list[Group], tmp_path: Path) -> None:
    check(groups[0].generator)
    Counted.images, Counted.price = 0, 60.0
    estimates = list(costs(groups[:1], tmp_path, "cpu", False, METRICS).values())
    # the fit: G(z), G(z + shift); the fresh R: one G(z), three shifted; two questions to all three
    assert Counted.images == 4 * 2 + 4 * 4 + 2 * (1 + 3)
    trained = (40 * 4) * (2 + 1 / 3 + 1)  # images of `discovered`; G(z) is shared by three
    judged = 2000 * (1 + 1 / 3) + 32 * (1 + 4 * 3)
    assert estimates[0].seconds == pytest.approx(60.0 * (trained + judged))


class Eager(Metric):
    """Makes as many images of each direction as it says."""

    columns: ClassVar = {"eager": Column("It.")}
    images = 500

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        for _ in range(cell.protocol.k):
            cell.generator(cell.sample(self.images, "eager"))
        return {"eager": 1.0}


def test_the_images_of_a_metric_of_ones_own_are_in_the_estimate(
    groups: list[Group], tmp_path: Path
) -> None:
    metrics = {**METRICS, "eager": Eager()}
    estimates = costs(groups, tmp_path / "run", "cpu", False, metrics)
    began = Counted.clock
    list(execute(groups, tmp_path / "run", "cpu", False, metrics, {}))
    assert total(estimates.values()) == pytest.approx(Counted.clock - began, rel=0.02)


def test_what_only_lacks_a_metric_costs_the_images_of_that(
    groups: list[Group], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, metrics = tmp_path / "run", {**METRICS, "eager": Eager()}
    list(execute(groups, run, "cpu", False, METRICS, {}))
    capsys.readouterr()
    estimates = costs(groups, run, "cpu", False, metrics)
    assert capsys.readouterr().err == "timing a few images of planted\n"  # once for both seeds
    assert len(estimates) == 6
    began = Counted.clock
    results = list(execute(groups, run, "cpu", False, metrics, {}))
    assert {result.metrics["eager"] for result in results} == {1.0}
    assert total(estimates.values()) == pytest.approx(Counted.clock - began) == 6 * 3 * 500 * 0.001
    assert statement(list(estimates.values()))[0].split()[1:5] == ["discovered", "2", "to", "judge"]


def test_what_only_lacks_a_metric_goes_to_the_engine_that_was_asked_for(
    groups: list[Group], tmp_path: Path
) -> None:
    run, metrics = tmp_path / "run", {**METRICS, "eager": Eager()}
    list(execute(groups, run, "cpu", False, METRICS, {}))
    expected, engine = agree(groups, run, "cpu", True, metrics, engine=Choice(jobs=2))
    assert set(expected) == {job.cell for group in groups for job in group.jobs}
    assert isinstance(engine, Processes)
    engine.close()
    assert agree(groups, run, "cpu", True, METRICS, engine=Choice(jobs=2)) == ({}, None)


def test_what_cannot_run_says_so_and_does_not_stop_the_others(tmp_path: Path) -> None:
    (group,) = planned(tmp_path, methods=["discovered"])
    Counted.broken = True
    (estimate,) = costs([group], tmp_path, "cpu", False, METRICS).values()
    assert estimate.reason.startswith("cannot run: Counted.forward (test_cost.py line ")
    assert "RuntimeError: no image today" in estimate.reason
    assert estimate.seconds == 0
    assert "no image today" in statement([estimate])[0]


def test_the_statement_joins_equal_cells_and_adds_up() -> None:
    slow = Cost("faces", "discovered", 200_000, 7200.0, 4 * 10**9)
    quick = Cost("faces", "random", 100_000, 90.0, 10**9, fits=True)
    first, second, last, note = statement([slow, quick, slow])
    assert " ".join(first.split()) == "faces discovered 2 x 200,000 steps 4.0 hours 4.0 GB"
    assert " ".join(second.split()) == "faces random 1 x 100,000 steps 2 min 1.0 GB *"
    assert " ".join(last.split()) == "in all 4.0 hours 4.0 GB"
    assert note == "  * and the time to find its directions, once a cell, which nobody knows before"


def test_no_line_of_the_statement_is_wider_than_a_terminal() -> None:
    costs = [
        Cost("celeba-proggan-small", "hessian_penalty", 2_000_000, seconds, 10**11, fits=fits)
        for seconds in (1.0, 3599.0, 359_000.0)
        for fits in (False, True)
    ]
    assert max(map(len, statement(costs))) <= 80
