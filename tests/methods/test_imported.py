"""Directions from files as methods of a run: measured as any other, known by their content."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from baselines import METHODS
from benchmark.cli.choices import Brought, named_methods
from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from benchmark.directions.artefact import Directions
from benchmark.directions.labels import Label
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.families.planted import Planted
from benchmark.methods.imported import imported
from benchmark.methods.method import Assignment, check_shift
from benchmark.rca.protocol import Protocol
from benchmark.runs.ablation import plan_ablation
from benchmark.runs.grid import Group, plan
from benchmark.runs.parcel import Parcel
from benchmark.runs.settings import RunConfig
from benchmark.runs.unit import done as done_already
from tests.command_line import bench, done
from tests.directions.bent import Turning

D, K = 16, 4
MATRIX = torch.linalg.qr(torch.randn(D, 6, generator=torch.Generator().manual_seed(5)))[0]
GIVEN = """
from dataclasses import dataclass
import torch
from benchmark.directions.shift import FrozenLinear
from benchmark.methods.method import Fitted, Method

@dataclass(frozen=True)
class Given(Method):
    def fit(self, task):
        square = torch.randn(16, 6, generator=torch.Generator().manual_seed(5))
        return Fitted(FrozenLinear(torch.linalg.qr(square)[0][:, : task.protocol.k].contiguous()))
"""
FEW = ("--set=steps=20", "--set=batch=8", "--set=evaluation=100", f"--set=k={K}", "--jobs=1")


def write(path: Path, matrix: torch.Tensor = MATRIX, **provenance: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    labels = (Label(1, label="zoom", source="theirs"), Label(5, label="of no interest"))
    Directions(FrozenLinear(matrix.contiguous()), provenance, labels).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the same directions from two files and from code, and of others."""
    folder = tmp_path_factory.mktemp("imported")
    write(folder / "A.safetensors", scale="1,2,3,4,5,6", generator="another")
    np.save(folder / "rows.npy", MATRIX.T[:5])
    write(folder / "other.safetensors", MATRIX.flip(0))
    (folder / "given.py").write_text(GIVEN)
    files = ("A.safetensors", "rows.npy", "given.py:Given", "other.safetensors")
    methods = [word for file in files for word in ("-m", folder / file)]
    done("run", "-g", "planted", *methods, *FEW, "--out", folder / "run")
    return folder


def cell(run: Path, method: str) -> Path:
    (found,) = (run / "cells/planted" / method).iterdir()
    return found


def answers(run: Path, method: str) -> pd.DataFrame:
    return pd.read_parquet(cell(run, method) / "predictions.parquet")


def test_the_same_directions_get_the_same_answers_wherever_they_come_from(folder: Path) -> None:
    run = folder / "run"
    expected = answers(run, "given-Given")
    for name in ("A", "rows"):
        pd.testing.assert_frame_equal(answers(run, name), expected)
        kept = Directions.load(cell(run, name) / "directions.safetensors")
        assert torch.equal(kept.shift.matrix(), MATRIX[:, :K])  # type: ignore[attr-defined]
    assert not answers(run, "other").equals(expected)


def test_they_stand_in_the_tables_under_test(folder: Path) -> None:
    table = pd.read_csv(folder / "run/rca.csv").set_index("method")
    assert {*table.index} == {"A", "rows", "given-Given", "other"}
    assert set(table["status"]) == {"done"}
    result = json.loads((cell(folder / "run", "A") / "result.json").read_text())
    assert result["role"] == "method"
    assert result["config"]["code"] == {"method": sha256(folder / "A.safetensors")}


def _moved(folder: Path, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return Path(shutil.copy(folder / "A.safetensors", tmp_path / "elsewhere"))


def planned(*files: object, run: Path | None = None, k: int = K) -> list[Group]:
    """The groups of `bench run -g planted -m FILE ...` into this folder."""
    named = named_methods([str(file) for file in files], run)
    words = [word.removeprefix("--set=") for word in FEW if word.startswith("--set=")]
    config = RunConfig.from_preset("quick").with_settings([*words, f"k={k}"])
    return plan(config, ["planted"], named.chosen, named.table, named.code, run)


def test_a_cell_keeps_the_names_and_the_scale_that_the_file_has(folder: Path) -> None:
    kept = Directions.load(cell(folder / "run", "A") / "directions.safetensors")
    assert kept.labels == (Label(1, label="zoom", source="theirs"),)
    assert kept.provenance["scale"] == "1,2,3,4"  # of the first K, which are measured
    assert kept.provenance["columns"] == "0,1,2,3"
    assert kept.provenance["generator"] == "planted"
    assert kept.provenance["method"] == "A"
    assert "zoom" in (folder / "run/named.md").read_text()


def test_a_cell_is_known_by_the_content_of_its_file(folder: Path, tmp_path: Path) -> None:
    run = folder / "run"
    for path in (folder / "A.safetensors", _moved(folder, tmp_path)):
        (group,) = planned(path, run=run)
        assert group.jobs[0].cell.folder(run) == cell(run, "A")
        assert done_already(group.jobs[0], run) is not None  # so nothing is computed again
    write(path, MATRIX.flip(1))
    (group,) = planned(path, run=run)
    assert group.jobs[0].cell.config_hash != cell(run, "A").name.partition("-")[2]
    assert done_already(group.jobs[0], run) is None


def test_another_file_of_the_same_name_gets_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "new" / "A.safetensors", MATRIX.flip(1))
    (name,) = named_methods([str(path)], folder / "run").chosen
    assert name.startswith("A-")
    both = named_methods([str(path), str(folder / "A.safetensors")])
    assert len({*both.chosen}) == 2
    assert all(both.table[one].file == both.references[one] for one in both.chosen)  # type: ignore[attr-defined]


def test_a_file_never_takes_the_name_of_a_method(tmp_path: Path) -> None:
    path = str(write(tmp_path / "random.safetensors"))
    assert named_methods([path]).chosen == ("random-imported",)
    named = named_methods([path, "random"])
    assert named.chosen == ("random-imported", "random")
    assert named.table["random"] is METHODS["random"]


def test_another_process_opens_the_same_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "A.safetensors")
    (group,) = planned("A.safetensors")
    parcel, brought = pickle.loads(
        pickle.dumps((Parcel.of(group), Brought(("A.safetensors",), ())))
    )
    (job,) = parcel.opened(*brought.methods()).jobs
    assert job.cell == group.jobs[0].cell
    assert torch.equal(job.method.fit(assignment(K)).shift.matrix(), MATRIX[:, :K])
    write(path, MATRIX.flip(1))
    with pytest.raises(BenchError, match="a worker opens another method as A than the command"):
        parcel.opened(*brought.methods())


def test_what_does_not_fit_is_skipped_and_the_others_go_on(tmp_path: Path) -> None:
    fits, other = write(tmp_path / "A.safetensors"), write(tmp_path / "B.safetensors", MATRIX[:9])
    of_w = write(tmp_path / "W.safetensors", space="w")
    (group,) = planned(fits, other, of_w)
    assert [job.cell.method for job in group.jobs] == ["A"]
    reasons = {job.cell.method: job.unserved for job in group.skipped}
    assert "these directions are 9-dimensional" in reasons["B"]
    assert "move w" in reasons["W"]
    assert "latents of the generator are z" in reasons["W"]
    with pytest.raises(BenchError, match=r"no cell can be computed: .* --set k=6"):
        planned(fits, k=7)


def test_an_ablation_says_where_a_file_holds_too_few(tmp_path: Path) -> None:
    named = named_methods([str(write(tmp_path / "A.safetensors")), "random"])
    config = RunConfig.from_preset("quick")
    found = plan_ablation("k", config, "planted", named.chosen, named.table, (4, 8), named.code)
    reasons = {point["k"]: point["reason"] for point in found.points if "reason" in point}
    assert {*reasons} == {8}
    assert "holds 6 directions, fewer than 8: --set k=6" in reasons[8]
    assert {(point["method"], point["k"]) for point in found.points} == {
        ("A", 4),
        ("A", 8),
        ("random", 4),
        ("random", 8),
    }


def assignment(k: int) -> Assignment:
    generator = Planted()
    rng = torch.Generator().manual_seed(0)
    return Assignment(generator, generator, Protocol(k=k), rng, "stream", 0)


@pytest.mark.parametrize("k", [1, 4, 6])
def test_the_first_k_are_taken_and_that_is_said(
    tmp_path: Path, k: int, caplog: pytest.LogCaptureFixture
) -> None:
    method = imported(write(tmp_path / "A.safetensors")).value()
    method.check(Planted(), Protocol(k=k))
    method.check(Planted(), Protocol(k=k))
    said = [
        r.message for r in caplog.records if "holds 6 directions, of which the first" in r.message
    ]
    assert len(said) == (k < 6)  # once
    assert torch.equal(method.fit(assignment(k)).shift.matrix(), MATRIX[:, :k])


def test_the_first_k_of_chosen_bent_directions_are_taken_and_keep_their_ways(
    tmp_path: Path,
) -> None:
    whole = Turning(D, 6).frozen()
    Directions(whole.chosen([5, 1, 3, 2])).save(tmp_path / "A.safetensors")
    shift = imported(tmp_path / "A.safetensors").value().fit(assignment(2)).shift
    check_shift(shift, Planted(), Protocol(k=2))
    latents = Planted().sample(2, torch.Generator().manual_seed(1))
    eps = torch.tensor([2.0, -3.0])
    expected = whole(latents, torch.tensor([5, 1]), eps)
    assert torch.equal(shift(latents, torch.arange(2), eps), expected)


@pytest.mark.parametrize(
    ("matrix", "provenance", "k", "message"),
    [
        (
            MATRIX,
            {},
            7,
            r"A\.safetensors holds 6 directions, fewer than 7: --set k=6 asks all methods",
        ),
        (MATRIX[:9], {}, 4, r"A\.safetensors: these directions are 9-dimensional"),
        (MATRIX, {"space": "w"}, 4, r"these directions move w \(made for .*\), but .* are z$"),
        (MATRIX, {"layers": "6-11"}, 4, "move the layers 6-11 of w .* move all of them$"),
    ],
)
def test_what_does_not_fit_the_generator_or_the_terms_is_refused(
    tmp_path: Path, matrix: torch.Tensor, provenance: dict[str, str], k: int, message: str
) -> None:
    method = imported(write(tmp_path / "A.safetensors", matrix, **provenance)).value()
    with pytest.raises(BenchError, match=message):
        method.check(Planted(), Protocol(k=k))


def test_a_generator_of_w_takes_directions_of_w_on_its_layers(tmp_path: Path) -> None:
    generator = Planted()
    generator.space, generator.moved_layers = "w", "6-11"
    path = write(tmp_path / "A.safetensors", space="w", layers="6-11")
    imported(path).value().check(generator, Protocol(k=6))
    with pytest.raises(BenchError, match=r"move z .*, but the latents of the generator are w"):
        imported(write(path, space="z")).value().check(generator, Protocol(k=6))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.safetensors", "no directions at gone.safetensors"),
        ("square.npy", "a square may hold its directions in rows or in columns"),
        ("two words.npy", "cannot be called 'two words'"),
        ("A.safetensor", "unknown method 'A.safetensor'"),
    ],
)
def test_a_file_that_cannot_be_a_method_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("square.npy", np.eye(D))
    np.save("two words.npy", MATRIX.numpy())
    result = bench("run", "-g", "planted", "-m", name, *FEW, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
