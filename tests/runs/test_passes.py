"""Passes of G that cells report, against what hooks on G's forward see of a method alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn

from baselines import METHODS
from baselines.ganspace import GANSpace
from baselines.latentclr import LatentCLR
from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.asking.contract import check
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.parts import InParts
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.passes import Passes, counting
from benchmark.methods.method import Assignment
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train
from benchmark.report.tables.leaderboard import leaderboard
from benchmark.report.tables.main_table import write_tables
from benchmark.runs.grid import plan
from benchmark.runs.replicates import headline
from benchmark.runs.results import Result, read_cells
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from benchmark.tables.text import rounded
from tests.report.drawn import MEASURES, write_cell

K, STEPS, BATCH = 4, 6, 5
TERMS = Protocol(k=K, steps=STEPS, batch=BATCH)
A_STEP = {  # of one latent: images, and those through which a gradient comes back
    "discovered": (2, 1),
    "warped": (2, 1),
    "hessian_penalty": (5, 5),
    "orojar": (3, 2),
    "latentclr": (1 + K, K),
}


@contextmanager
def watched() -> Iterator[list[int]]:
    """What hooks see of every Planted, whoever asks it: latents that go in, and images through
    which a gradient comes back."""
    seen = [0, 0]

    def before(module: nn.Module, given: tuple[Any, ...]) -> None:
        seen[0] += len(given[0]) if isinstance(module, Planted) else 0

    def back(gradient: torch.Tensor) -> None:
        seen[1] += len(gradient)

    def after(module: nn.Module, given: tuple[Any, ...], images: torch.Tensor) -> None:
        if isinstance(module, Planted) and images.requires_grad:
            images.register_hook(back)

    hooks = [
        nn.modules.module.register_module_forward_pre_hook(before),
        nn.modules.module.register_module_forward_hook(after),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def task(checkpoint: Path | None = None) -> Assignment:
    original = Planted()
    check(original)  # asks for images, once, on the suite's account
    fast = InParts(prepare(original), None)
    return Assignment(original, fast, TERMS, stream("fit"), "questions", 0, checkpoint=checkpoint)


@pytest.mark.parametrize("name", A_STEP)
def test_a_fit_counts_what_a_hook_sees(name: str) -> None:
    method, given = METHODS[name](), task()
    if name == "latentclr":
        method = LatentCLR(batch=BATCH, layer=given.original.feature_layers()[-1])
    with watched() as seen:
        passes = method.fit(given).passes
    images, gradients = A_STEP[name]
    assert passes == Passes(images * BATCH * STEPS, gradients * BATCH * STEPS)
    assert passes.forward == seen[0]
    if name != "latentclr":  # its passes end at a layer, so the hook of images sees no gradient
        assert passes.backward == seen[1]


def test_a_closed_form_counts_the_features_that_it_samples() -> None:
    method = GANSpace(samples=50, regression=30, components=K)
    given, passes = task(), Passes()
    with watched() as seen, counting(passes):
        method.fit(given)
    # to choose the layer one latent and 2 K; then to fit components there, and to carry them back
    assert passes == Passes(1 + 2 * K + 50 + 30, 0) == Passes(*seen)


def test_frozen_directions_cost_nothing_and_their_r_two_images_a_question() -> None:
    given = task()
    shift = FrozenLinear(torch.eye(16)[:, :K])
    fresh = Learner("frozen", shift, given.generator.image_shape, TERMS, 0, "cpu")
    with watched() as seen:
        train(given.generator, [fresh], TERMS, "stream", [None], "fresh")
    assert seen == [2 * BATCH * STEPS, 0]
    assert fresh.passes == Passes(2 * BATCH * STEPS, 0)


def test_a_checkpoint_of_an_earlier_version_leaves_the_count_unknown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "fit.pt"
    for name in ("discovered", "orojar"):
        path.unlink(missing_ok=True)
        method = METHODS[name]()
        method.fit(task(path))
        state = load_checkpoint(path)
        assert state is not None
        del (state["learner"] if name == "discovered" else state)["passes"]
        save_checkpoint(path, state)
        assert method.fit(task(path)).passes is None


def results(out: Path, *methods: str) -> dict[str, Result]:
    """The cells of a short run of these methods together."""
    settings = ["steps=4", "batch=3", "k=2", "evaluation=20", "latentclr.batch=2"]
    settings += ["ganspace.samples=50", "ganspace.regression=30", "ganspace.components=2"]
    config = RunConfig.from_preset("quick").with_settings(settings)
    found = list(execute(plan(config, ["planted"], methods, METHODS), out, "cpu", False, {}, {}))
    assert [one.status for one in found] == ["done"] * len(methods)
    return {one.cell.method: one for one in found}


def test_a_cell_says_the_same_alone_and_in_company(tmp_path: Path) -> None:
    names = ("discovered", "random", "ganspace", "orojar")
    together = results(tmp_path / "all", *names)
    fresh = {"forward": 2 * 3 * 4, "backward": 0}
    assert {name: one.passes["fresh"] for name, one in together.items()} == dict.fromkeys(
        names, fresh
    )
    assert {name: one.passes["fit"] for name, one in together.items()} == {
        "discovered": {"forward": 2 * 3 * 4, "backward": 3 * 4},
        "random": {"forward": 0, "backward": 0},
        # to choose the layer one latent and 2 x 2; to fit there; to carry back
        "ganspace": {"forward": 1 + 4 + 50 + 30, "backward": 0},
        "orojar": {"forward": 3 * 3 * 4, "backward": 2 * 3 * 4},
    }
    for name in ("discovered", "ganspace"):
        alone = results(tmp_path / name, name)[name]
        assert alone.passes == together[name].passes
        assert alone.cell == together[name].cell


def with_counts(run: Path, method: str, fit: int, backward: int) -> None:
    """A cell that says how many passes it took."""
    folder = write_cell(run, "planted", method, 0).folder(run)
    (stored,) = (cell for cell in read_cells(run) if cell.folder == folder)
    counts = {
        "fit": {"forward": fit, "backward": backward},
        "fresh": {"forward": 2_000, "backward": 0},
    }
    replace(stored.result, passes=counts).write(run)


def test_tables_say_what_was_counted_and_nothing_of_what_was_not(tmp_path: Path) -> None:
    methods = ("discovered", "coordinate", "random")
    with_counts(tmp_path, "discovered", 2_000, 1_000)
    with_counts(tmp_path, "random", 0, 0)
    write_cell(tmp_path, "planted", "coordinate", 0)  # as an earlier version wrote it
    rows = headline(read_cells(tmp_path), {}, methods)
    write_tables(rows, MEASURES, tmp_path)
    seeds = pd.read_csv(tmp_path / "seeds.csv", index_col="method")
    counted = seeds[["passes_fit", "passes_fresh", "backward_fit", "backward_fresh"]]
    assert list(counted.loc["discovered"]) == [2000, 2000, 1000, 0]
    assert list(counted.loc["random"]) == [0, 2000, 0, 0]
    assert counted.loc["coordinate"].isna().all()
    found = leaderboard(rows, MEASURES, methods)
    assert found is not None
    board = found.board.frame.set_index("method")[["passes", "backward"]]
    assert list(board.loc["discovered"]) == [4.0, 1.0]  # thousands
    assert list(board.loc["random"]) == [2.0, 0.0]
    assert board.loc["coordinate"].isna().all()
    shown = rounded(found.board).set_index("method")
    assert list(shown.loc["coordinate", ["passes", "backward"]]) == ["", ""]


def test_a_run_of_an_earlier_version_has_no_such_columns(tmp_path: Path) -> None:
    methods = ("discovered", "coordinate", "random")
    for method in methods:
        write_cell(tmp_path, "planted", method, 0)
    rows = headline(read_cells(tmp_path), {}, methods)
    write_tables(rows, MEASURES, tmp_path)
    found = leaderboard(rows, MEASURES, methods)
    assert found is not None
    columns = {*pd.read_csv(tmp_path / "seeds.csv"), *found.board.frame}
    assert not [name for name in columns if name.startswith(("passes", "backward"))]
