"""Methods, a generator and a metric of somebody's own, one file each, to where they are looked for.

A question and a task are in tests/study/test_task_plugins.py.
"""

import json
import logging
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from benchmark.core.storage import sha256
from benchmark.directions.shift import KINDS
from benchmark.generators.registry import find_generator
from benchmark.methods.method import Assignment
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import train
from tests.command_line import bench, done
from tests.plugins.bent import Towards

HERE = Path(__file__).parent
FARTHEST, TOWARDS = f"{HERE / 'closed_form.py'}:Farthest", f"{HERE / 'bent.py'}:Towards"
WAVES, AREA = f"{HERE / 'mapped.py'}:Waves", f"{HERE / 'per_direction.py'}:Area"
FEW = [f"--set={text}" for text in ("steps=6", "evaluation=60", "planted.k=4")] + ["--seeds=0"]
METHODS = ("bent-Towards", "closed_form-Farthest", "discovered")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plugins") / "run"
    methods = ("-m", FARTHEST, "-m", TOWARDS, "-m", "discovered")
    done("run", "-g", "planted", "-g", WAVES, *methods, "--metric", AREA, *FEW, "--out", out)
    return out


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run, tmp_path / "copy")


def cell(run: Path, generator: str, method: str) -> Path:
    (folder,) = (run / "cells" / generator / method).iterdir()
    return folder


def test_each_method_has_its_row_on_each_generator(run: Path) -> None:
    table = pd.read_csv(run / "rca.csv")
    expected = {(g, m) for g in ("planted", "mapped-Waves") for m in METHODS}
    assert {*zip(table["generator"], table["method"], strict=True)} == expected
    assert set(table["status"]) == {"done"}
    assert table["rca_fresh"].between(0, 1).all()


def test_a_closed_form_method_that_finds_no_first_layer_is_skipped_alone_with_the_reason(
    tmp_path: Path,
) -> None:
    bare = tmp_path / "bare.py"
    bare.write_text((HERE / "mapped.py").read_text().replace("first_layer", "some_layer"))
    out = tmp_path / "run"
    done("run", "-g", f"{bare}:Waves", "-m", FARTHEST, "-m", "random", *FEW, "--out", out)
    status = pd.read_csv(out / "rca.csv").set_index("method")["status"]
    reason = "Waves does not say what its first layer is"
    assert status["closed_form-Farthest"].startswith(f"skipped: {reason}")
    assert status["random"] == "done"
    assert reason in (out / "report.html").read_text()


def test_strips_show_what_every_method_found_and_evolution_how_the_bent_one_came_to_be(
    run: Path,
) -> None:
    assert {path.stem for path in (run / "strips").iterdir()} == {
        f"{g}-{m}" for g in ("planted", "mapped-Waves") for m in METHODS
    }
    assert {path.stem for path in (run / "evolution").iterdir()} == {
        f"{g}-{m}" for g in ("planted", "mapped-Waves") for m in ("bent-Towards", "discovered")
    }


def test_the_bent_method_changes_no_byte_of_the_one_it_trains_in_lockstep_with(
    run: Path, tmp_path: Path
) -> None:
    done("run", "-g", "planted", "-m", "discovered", *FEW, "--out", tmp_path)
    together, alone = (cell(where, "planted", "discovered") for where in (run, tmp_path))
    assert together.name == alone.name
    for file in ("directions.safetensors", "evolution.safetensors", "predictions.parquet"):
        assert sha256(together / file) == sha256(alone / file)


class Seen:
    """A generator that keeps the points it is asked for, and how often it has drawn some."""

    def __init__(self, reference: str):
        self.generator = find_generator(reference)[1].load()
        self.points: list[torch.Tensor] = []
        self.draws = 0

    def __getattr__(self, name):
        return getattr(self.generator, name)

    def sample(self, n, rng):
        self.draws += 1
        return self.generator.sample(n, rng)

    def __call__(self, latents):
        self.points.append(latents.point.detach().clone())
        return self.generator(latents)


def test_both_images_of_a_pair_share_their_w() -> None:
    seen, protocol = Seen(WAVES), Protocol(k=6, max_shift=1.5, batch=8, steps=3)
    rng = torch.Generator().manual_seed(0)
    learner = Towards().learner(Assignment(seen, seen, protocol, rng, "pairs", 0))
    train(seen, [learner], protocol, "pairs", [None], "pairs")
    assert seen.draws == 3  # one w for each pair
    assert len(seen.points) == 6
    for w, moved in zip(seen.points[::2], seen.points[1::2], strict=True):
        apart = (moved - w).norm(dim=1)
        assert (apart > 0).all()
        assert (apart <= 1.5 + 1e-5).all()


def test_the_generator_brings_its_k_and_its_range_of_eps(run: Path) -> None:
    folder = cell(run, "mapped-Waves", "bent-Towards")
    protocol = json.loads((folder / "result.json").read_text())["config"]["protocol"]
    assert (protocol["k"], protocol["max_shift"]) == (6, 1.5)
    answers = pd.read_parquet(folder / "predictions.parquet")
    assert answers["k"].between(0, 5).all()
    assert 1.0 < answers["eps"].abs().max() <= 1.5
    table = pd.read_csv(run / "rca.csv").set_index("generator")["k"]
    assert set(table["mapped-Waves"]) == {6}
    assert set(table["planted"]) == {4}


def test_the_metric_stands_in_tables_words_figure_and_explorer(run: Path) -> None:
    table = pd.read_csv(run / "rca.csv").set_index(["generator", "method"])["area"]
    directions = pd.read_csv(run / "directions.csv")
    assert directions["area"].between(0, 0.5).all()
    of_rows = directions.groupby(["generator", "method"])["area"].median()
    pd.testing.assert_series_equal(table.sort_index(), of_rows.sort_index())
    assert (
        "- `area`: Share of the pixels that hold half of the change" in (run / "rca.md").read_text()
    )
    assert "area of the change" in (run / "figures" / "price.svg").read_text()
    page = (run / "report.html").read_text()
    assert 'value="area" data-better="low">area of the change</option>' in page


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not loaded the file."""
    monkeypatch.delitem(KINDS, "towards")


def test_without_the_code_of_its_shift_a_row_loses_only_its_pictures(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: (copy / name).read_bytes() for name in ("rca.csv", "rca.md", "directions.csv")}
    shutil.rmtree(copy / "strips")
    (copy / "bent.py").write_text("raise SystemExit('code of a run folder was run')")
    (cell(copy, "planted", "bent-Towards") / "human_annotation.txt").write_text("2: growth\n")
    forget(monkeypatch)
    done("report", copy, "-g", WAVES)
    assert "growth" in (copy / "named.md").read_text()
    assert not (copy / "named").exists()
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert [text.partition(":")[0] for text in warnings] == [
        "no pictures of bent-Towards on mapped-Waves",
        "no pictures of bent-Towards on planted",
    ]
    assert all("-m file.py:Class" in text for text in warnings)
    assert before == {name: (copy / name).read_bytes() for name in before}
    assert len(list((copy / "strips").iterdir())) == 4
    said = (copy / "report.html").read_text()
    assert "No pictures of bent-Towards on mapped-Waves, bent-Towards on planted" in said
    assert 'data-method="bent-Towards"' not in said
    done("report", copy, "-g", WAVES, "-m", TOWARDS)
    assert len(list((copy / "strips").iterdir())) == 6
    assert [path.name for path in (copy / "named").iterdir()] == ["planted-bent-Towards.webp"]
    assert 'data-method="bent-Towards"' in (copy / "report.html").read_text()


def test_a_study_needs_the_code_of_the_shifts_it_shows(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch)
    build = ("study", "build", run, "-g", "planted", "--per-method", 2, "--out", tmp_path / "s")
    refused = bench(*build)
    assert refused.exit_code == 2
    assert "unknown kind of shift 'towards'" in refused.output
    done(*build, "-m", TOWARDS)
    shown = json.loads((tmp_path / "s" / "private" / "map.json").read_text())["items"].values()
    assert sum(one["method"] == "bent-Towards" for item in shown for one in item) == 2
