"""A run in w: every method of the suite, one generator in two spaces, and what its files say."""

import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result

from baselines import METHODS
from benchmark.cli.main import main
from benchmark.directions.artefact import Directions
from benchmark.directions.importing.found import Told
from benchmark.directions.importing.sets import read_set
from benchmark.directions.importing.unit_columns import steps_in_eps
from benchmark.generators.mapped import MappedOptions
from benchmark.runs.opening import AtHand, open_generator
from benchmark.runs.results import read_cells
from tests.generators import small_mapped

FILE = Path(small_mapped.__file__)
TERMS = ("steps=8", "batch=4", "evaluation=60", "k=3", "warped.dipoles=4", "ganspace.samples=500")


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def run(out: Path, *named: object) -> Result:
    return bench(
        "run", *named, *(p for t in TERMS for p in ("--set", t)), "--jobs", 1, "--out", out
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all methods in z and in the layers 1 to 2 of w, truncated."""
    out = tmp_path_factory.mktemp("both") / "run"
    in_w = f"{FILE}:make?space=w&layers=1-2&psi=0.5&cutoff=3"
    result = run(out, "-g", f"{FILE}:make", "-g", in_w, "-m", "all")
    assert result.exit_code == 0, result.output
    return out


def test_every_method_runs_in_both_spaces_and_says_which(both: Path) -> None:
    cells = read_cells(both)
    done = {(c.result.cell.generator, c.result.cell.method) for c in cells}
    names = {name for name, _ in done}
    assert done == {(name, method) for name in names for method in METHODS}
    assert len(names) == 2
    assert {c.result.status for c in cells} == {"done"}
    for cell in cells:
        said, in_w = cell.directions().provenance, "space-w" in cell.result.cell.generator
        assert said["space"] == ("w" if in_w else "z")
        frame = {name: said.get(name) for name in ("layers", "psi", "cutoff")}
        there = {"layers": "1-2", "psi": "0.5", "cutoff": "3"}
        assert frame == (there if in_w else {"layers": None, "psi": "1", "cutoff": "all"})
        assert ("w_scale" in said) == in_w
        assert ("scale" in said) == (in_w and cell.result.cell.method != "warped")
        assert cell.directions().latent_dim == (5 if in_w else 6)
        assert math.isfinite(cell.result.metrics["rca_fresh"])


def test_the_scale_of_a_column_is_the_spread_of_w_along_it(both: Path) -> None:
    """So that a file can be moved along without this suite: eps * scale * column."""
    generator = small_mapped.make()
    z = torch.randn(100_000, 6, generator=torch.Generator().manual_seed(9))
    w = generator.map(z, None).detach().double().numpy() * 0.5  # psi; a mean does not matter
    for cell in read_cells(both):
        directions = cell.directions()
        if "scale" not in directions.provenance:
            continue
        scale = np.array(list(map(float, directions.provenance["scale"].split(","))))
        columns = directions.shift.tangents(generator.sample(1, torch.Generator())).double().numpy()
        np.testing.assert_allclose(scale, (w @ columns).std(axis=0), rtol=0.02)


def test_cells_are_opened_in_their_own_space(both: Path) -> None:
    at_hand = AtHand(files=(f"{FILE}:make",))
    for cell in read_cells(both):
        generator = open_generator(cell, {}, at_hand)
        assert generator.space == cell.directions().provenance["space"]
        cell.directions().check_fits(generator)


def test_all_methods_of_a_space_answer_about_the_same_w(both: Path) -> None:
    """The evaluation's k and eps, and so its latents, do not depend on the method."""
    asked: dict[str, list[np.ndarray]] = {}
    for cell in read_cells(both):
        table = pd.read_parquet(cell.folder / "predictions.parquet")
        asked.setdefault(cell.result.cell.generator, []).append(table[["k", "eps"]].to_numpy())
    for tables in asked.values():
        assert all(np.array_equal(table, tables[0]) for table in tables)


def test_directions_of_one_space_are_refused_in_another(both: Path, tmp_path: Path) -> None:
    cell = next(c for c in read_cells(both) if "space-w" in c.result.cell.generator)
    directions = cell.folder / "directions.safetensors"
    for options, words in (
        ("", "these directions move w"),
        ("?space=w", "move the layers 1-2 of w"),
        ("?space=w&layers=1-2", "with psi 0.5"),
        ("?space=w&layers=1-2&psi=0.5", "with cutoff 3"),
    ):
        result = run(tmp_path / "other", "-g", f"{FILE}:make{options}", "-m", directions)
        assert result.exit_code != 0
        assert words in result.output
    same = f"{FILE}:make?space=w&layers=1-2&psi=0.5&cutoff=3"
    result = run(tmp_path / "same", "-g", same, "-m", directions)
    assert result.exit_code == 0, result.output


def test_the_report_shows_the_options_and_a_check_says_what_moves(both: Path) -> None:
    page = (both / "report.html").read_text()
    assert "space w, psi 0.5, cutoff 3, layers 1-2" in page or "space w, layers 1-2" in page
    result = bench("check", f"{FILE}:make?space=w&layers=1-2")
    assert result.exit_code == 0
    assert "shifts move: space w, psi 1, cutoff all, layers 1-2, w_scale " in result.output


FEW = ("--set=steps=2", "--set=batch=4", "--set=evaluation=40", "--jobs=1")
SHORT = ("steps=2", "batch=4", "evaluation=40", "k=3")


def short(out: Path, *named: object) -> Result:
    return bench(
        "run", *named, *(p for t in SHORT for p in ("--set", t)), "--jobs", 1, "--out", out
    )


def test_a_later_run_in_another_space_is_another_row(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert short(out, "-g", f"{FILE}:make?space=w", "-m", "random").exit_code == 0
    assert short(out, "-g", f"{FILE}:make", "-m", "discovered").exit_code == 0
    table = pd.read_csv(out / "rca.csv")
    assert len(table) == len(set(table["generator"])) == 2
    assert short(out, "-g", f"{FILE}:make?space=w", "-m", "coordinate").exit_code == 0
    again = pd.read_csv(out / "rca.csv").groupby("generator")["method"].agg(set)
    assert sorted(map(sorted, again)) == [["coordinate", "random"], ["discovered"]]


def test_a_space_that_settings_change_is_no_equal_term_and_has_pictures_of_its_own(
    tmp_path: Path,
) -> None:
    """One row in w and one in z, under one name: each is painted in its own space."""
    out, name = tmp_path / "run", "small_mapped-make"
    in_w = short(out, "-g", f"{FILE}:make", "-m", "random", "--set", f"{name}.space=w")
    assert in_w.exit_code == 0, in_w.output
    in_z = short(out, "-g", f"{FILE}:make", "-m", "discovered")
    assert in_z.exit_code == 0, in_z.output
    (note,) = set(pd.read_csv(out / "comparison.csv")["note"])
    assert f"not on equal terms on {name}: space None and w" in note
    both = {f"{name}-random", f"{name}-discovered"}
    assert {path.stem for path in (out / "strips").iterdir()} == both
    assert bench("report", out, "-g", f"{FILE}:make").exit_code == 0
    assert {path.stem for path in (out / "strips").iterdir()} == both


EDIT = {
    "lat_comp": np.eye(5)[:1],
    "lat_stdev": 1.5,
    "sigma_range": 2.0,
    "latent_space": "W",
    "edit_start": 0,
    "edit_end": 4,
}


def test_an_edit_of_all_layers_by_number_is_measured(tmp_path: Path) -> None:
    path, out = tmp_path / "light.pkl", tmp_path / "a.safetensors"
    path.write_bytes(pickle.dumps(EDIT))
    reference = f"{FILE}:make?space=w"
    result = bench("import", path, "-g", reference, "--out", out)
    assert "space: w, its layers 0-3" in result.output
    assert f"next: bench run -g '{reference}' -m {out}" in result.output
    for file in (path, out):
        run = tmp_path / file.stem
        command = ("run", "-g", reference, "-m", file, "--set=k=1", *FEW, "--out", run)
        result = bench(*command)
        assert result.exit_code == 0, result.output
        (cell,) = read_cells(run)
        assert cell.directions().provenance["layers"] == "all"


def test_an_imported_step_is_counted_in_the_deviations_of_w(both: Path, tmp_path: Path) -> None:
    generator = small_mapped.make()
    generator.configure(MappedOptions(space="w"))
    ruler = generator.sample(1, torch.Generator()).ruler
    assert ruler is not None
    columns = torch.eye(5)[:, :3]
    deviations = ruler.along(columns.T)  # (3,)
    path = tmp_path / "found_w.npz"
    np.savez(
        path,
        lat_comp=columns.T.unsqueeze(1).numpy(),
        lat_mean=np.zeros((1, 1, 5)),
        lat_stdev=(deviations * torch.tensor([1.0, 3.0, 2.0])).numpy(),
        act_comp=np.zeros((3, 1, 5)),
        act_mean=np.zeros((1, 1, 5)),
        act_stdev=np.ones(3),
        var_ratio=np.ones(3),
        random_stdevs=np.ones(3),
    )
    reference, out = f"{FILE}:make?space=w", tmp_path / "a.safetensors"
    result = bench("import", path, "-g", reference, "--out", out)
    assert result.exit_code == 0, result.output
    assert "there a step is eps of 3 at most here" in result.output
    assert Directions.load(out).provenance["usual_eps"] == "1,3,2"
    result = short(tmp_path / "run", "-g", reference, "-m", out)
    assert result.exit_code == 0, result.output
    (cell,) = read_cells(tmp_path / "run")
    said = cell.directions().provenance
    assert said["scale_of"] == "standard deviation of w"  # that of this run, not of the file
    found = list(map(float, said["scale"].split(",")))
    assert found == pytest.approx(deviations.tolist(), rel=1e-4)


def test_each_edit_goes_as_many_steps_as_its_own_range_says(tmp_path: Path) -> None:
    generator = small_mapped.make()
    generator.configure(MappedOptions(space="w"))
    paths = [tmp_path / f"{name}.pkl" for name in ("light", "smile")]
    for path, sigmas, row in zip(paths, (2.0, 0.5), np.eye(5), strict=False):
        content = {**EDIT, "sigma_range": sigmas, "lat_comp": row[None], "edit_end": 2}
        path.write_bytes(pickle.dumps(content))
    deviations = generator.ruler().along(torch.eye(5)[:2])  # type: ignore[union-attr]
    found = read_set(paths, Told(latent_dim=5), 5)
    (said,) = steps_in_eps(found, generator).values()
    expected = 1.5 * np.array([2.0, 0.5]) / deviations.numpy()
    np.testing.assert_allclose([*map(float, said.split(","))], expected, rtol=5e-3)


@pytest.mark.parametrize(("of", "opened"), [("w", "z"), ("z", "w")])
def test_a_step_in_one_space_is_no_eps_in_another(of: str, opened: str, tmp_path: Path) -> None:
    generator = small_mapped.make()
    generator.w_dim, generator.mean_w = 6, torch.zeros(6)  # as many as z has
    generator.into_w = torch.nn.Linear(6, 6)
    for space in (of, opened):
        generator.configure(MappedOptions(space=space))
        path = tmp_path / "light.pkl"
        path.write_bytes(
            pickle.dumps({**EDIT, "lat_comp": np.eye(6)[:1], "latent_space": of.upper()})
        )
        found = read_set([path], Told(latent_dim=6), 6)
        assert "usual_eps" not in found.provenance  # no generator is known yet
        assert bool(steps_in_eps(found, generator)) == (space == of)
