"""From a run to a study, and the study commands as a designer types them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from baselines import USUAL
from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Latents
from benchmark.generators.families.planted import Planted
from benchmark.study.build import _Gallery, _pages, at_once, build_study, render
from study_server.bundle import load_bundle
from study_server.bundle_writer import DirectionStrips
from tests.generators import small_mapped
from tests.report.drawn import write_cell

from .conftest import compute, default_settings


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the planted generator with five directions per method, as far as eps 3."""
    folder = tmp_path_factory.mktemp("study") / "run"
    return compute(folder, ["planted"], USUAL, "max_shift=3")


def provenance(study: Path) -> dict[str, Any]:
    """What the study's private map says of the run."""
    hidden = json.loads((study / "private" / "map.json").read_text())
    return dict(hidden["provenance"])


def test_render_shows_the_shifted_latents_as_pixels() -> None:
    generator = Planted()
    latents = generator.sample(4, stream("rows"))
    axes = generator.true_directions()
    steps = np.array([-3.0, 0.0, 3.0])
    pictures = render(generator, latents, Directions(FrozenLinear(axes)), 2, steps)
    assert (len(pictures), len(pictures[0])) == (4, 3)
    for row in range(4):
        for column, eps in enumerate(steps):
            z = latents.point[row : row + 1] + float(eps) * axes[:, 2]
            image = generator(Latents(z))[0].permute(1, 2, 0).numpy()  # (H, W, C)
            expected = np.round((np.clip(image, -1, 1) + 1) * 127.5)
            assert pictures[row][column].dtype == np.uint8
            assert np.abs(pictures[row][column] - expected).max() <= 1


@pytest.mark.parametrize("seed", [0, 3])
def test_each_direction_has_rows_of_its_own_and_each_method_the_same_ones(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Else four z would judge a method, or one could look better by the z that it was given."""
    shown: dict[tuple[str, int], torch.Tensor] = {}

    def watched(self, page, rows):  # type: ignore[no-untyped-def]
        made = strip(self, page, rows)
        shown[made.method, made.direction] = rows.of(page.place).point
        return made

    strip = _Gallery.strip
    monkeypatch.setattr(_Gallery, "strip", watched)
    build_study(run, tmp_path / "study", [], 3, seed, None, ["planted/random/0"])
    assert len(shown) == 3 * 3 + 1  # of three methods, and the known good one
    of_method = {
        method: {tuple(shown[m, k].flatten().tolist()) for m, k in shown if m == method}
        for method in ("discovered", "coordinate")
    }
    assert of_method["discovered"] == of_method["coordinate"]
    assert len(of_method["discovered"]) == 3
    every = torch.cat(list(shown.values())).unique(dim=0)
    assert len(every) == 4 * (3 + 1)  # no z stands on two pages of a method, or twice on one
    kept = provenance(tmp_path / "study")["rows"]["planted"]
    drawn = Planted().sample(kept["drawn"], stream("study", seed, "planted", "latents")).point
    for (method, k), point in shown.items():  # they can be drawn again from what is written
        assert torch.equal(drawn[kept["of"][f"{method}/{k}"]], point)
    assert kept["typical_by"] == "pixels"


def test_people_see_each_direction_at_its_rows_as_far_as_the_run_moved_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G(z + eps * A[:, k]), A from the run's file, z drawn by the study's map, eps from -3 to 3."""
    made: list[DirectionStrips] = []

    def watched(self, page, rows):  # type: ignore[no-untyped-def]
        made.append(strip(self, page, rows))
        return made[-1]

    strip = _Gallery.strip
    monkeypatch.setattr(_Gallery, "strip", watched)
    build_study(run, tmp_path / "study", [], 2, 0, None)
    assert len(made) == 3 * 2
    kept = provenance(tmp_path / "study")["rows"]["planted"]
    generator, eps = Planted(), torch.linspace(-3, 3, 13)[:, None]  # (13, 1)
    drawn = generator.sample(kept["drawn"], stream("study", 0, "planted", "latents")).point
    for strips in made:
        assert strips.steps == pytest.approx(eps.flatten().tolist())
        (file,) = run.glob(f"cells/planted/{strips.method}/*/directions.safetensors")
        column = load_file(file)["directions"][:, strips.direction]  # (d,)
        rows = drawn[kept["of"][f"{strips.method}/{strips.direction}"]]  # (4, d)
        moved = rows[:, None] + eps * column  # (4, 13, d)
        images = generator(Latents(moved.flatten(0, 1))).clamp(-1, 1)  # (52, C, H, W)
        pixels = ((images + 1) * 127.5).permute(0, 2, 3, 1).unflatten(0, (4, 13)).numpy()
        assert np.abs(np.array(strips.images, dtype=float) - pixels).max() <= 1


def test_a_direction_s_place_among_the_rows_hangs_on_nothing_but_chance() -> None:
    """Sorted by number, a method's first directions would always have the first rows."""
    rows = [SimpleNamespace(generator="g", method=method, k=9) for method in ("one", "other")]
    numbers = {("g", "one"): 3, ("g", "other"): 3}
    orders = set()
    for seed in range(20):
        pages = _pages(rows, numbers, seed, [])  # type: ignore[arg-type]
        for r in rows:
            own = [page for page in pages if page.r is r]
            assert sorted(page.place for page in own) == [0, 1, 2]
            assert [page.k for page in own] == sorted(page.k for page in own)
            orders.add(tuple(page.place for page in own))
    assert len(orders) == 6  # all that there are


def test_every_method_contributes_equally_and_only_the_private_map_knows(
    run: Path, tmp_path: Path
) -> None:
    built = bench("study", "build", run, "--per-method", 3, "--out", tmp_path / "study")
    assert built.exit_code == 0, built.output
    assert "administrator's password" in built.output
    bundle = load_bundle(tmp_path / "study")
    studied = [source for (source,) in bundle.sources.values() if not source.check]
    counts = pd.Series([source.method for source in studied]).value_counts()
    assert counts.to_dict() == dict.fromkeys(USUAL, 3)
    assert len({(s.method, s.direction) for s in studied}) == 9
    manifest = (tmp_path / "study" / "manifest.json").read_text()
    assert not any(method in manifest for method in (*USUAL, "planted"))
    said = provenance(tmp_path / "study")
    assert said["per_method"] == 3
    assert set(said["cells"]) == {f"planted {m}" for m in USUAL}
    roles = {cell["method"]: cell["role"] for cell in said["cells"].values()}
    assert roles == {"discovered": "method", "random": "baseline", "coordinate": "baseline"}


def test_edits_are_the_checks_where_none_are_named(run: Path, tmp_path: Path) -> None:
    bench("study", "build", run, "--per-method", 1, "--out", tmp_path / "study")
    bundle = load_bundle(tmp_path / "study")
    good = [bundle.sources[item][0] for item, check in bundle.checks.items() if check == "good"]
    assert {(source.generator, source.method) for source in good} == {("planted", "edited")}
    assert len(good) == 2


def test_a_designer_names_known_good_directions(run: Path, tmp_path: Path) -> None:
    built = bench(
        "study",
        "build",
        run,
        "--out",
        tmp_path / "study",
        "--known-good",
        "planted/random/2",
        "--known-good",
        "planted/discovered/0",
    )
    assert built.exit_code == 0, built.output
    sources = [source for (source,) in load_bundle(tmp_path / "study").sources.values()]
    assert {(s.method, s.direction) for s in sources if s.check == "good"} == {
        ("random", 2),
        ("discovered", 0),
    }
    studied = [(s.method, s.direction) for s in sources if not s.check]
    assert len(studied) == 3 * 4  # one less of each method, so that all count the same
    assert not {("random", 2), ("discovered", 0)} & set(studied)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("planted/randm/2", "did you mean planted/random/0"),
        ("planted/random/5", "the directions of planted/random are 0 to 4"),
        ("planted/random/x", "the directions of planted/random are 0 to 4"),
    ],
)
def test_an_unknown_known_good_direction_is_named(
    run: Path, tmp_path: Path, name: str, message: str
) -> None:
    built = bench("study", "build", run, "--out", tmp_path / "study", "--known-good", name)
    assert built.exit_code == 2
    assert message in built.output
    assert not (tmp_path / "study").exists()


def test_a_generator_with_few_directions_gives_all_of_them(run: Path, tmp_path: Path) -> None:
    bench("study", "build", run, "--per-method", 9, "--out", tmp_path / "study")
    sources = [source for (source,) in load_bundle(tmp_path / "study").sources.values()]
    drawn = {(s.method, s.direction) for s in sources if not s.check}
    assert drawn == {(method, k) for method in USUAL for k in range(5)}


def test_a_seed_draws_the_same_directions_again(run: Path, tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        bench("study", "build", run, "--per-method", 2, "--seed", seed, "--out", tmp_path / name)
        sources = [source for (source,) in load_bundle(tmp_path / name).sources.values()]
        drawn.append({(s.method, s.direction) for s in sources if not s.check})
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-g", "plantd"], "unknown generator in this run 'plantd'; did you mean planted"),
        (["--settings", "no.toml"], "no.toml"),
    ],
)
def test_what_cannot_be_built_is_refused(
    run: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = bench("study", "build", run, "--out", tmp_path / "study", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "study").exists()


def test_methods_that_were_run_with_other_options_of_a_generator_are_no_study(
    tmp_path: Path,
) -> None:
    """Directions of w, drawn as if they moved z, look like any others."""
    out, file, name = tmp_path / "run", f"{small_mapped.__file__}:make", "small_mapped-make"
    compute(out, [file], ["discovered"])
    compute(out, [file], ["coordinate"], f"{name}.space=z")  # as it is anyway
    compute(out, [file], ["random"], f"{name}.space=w", f"{name}.psi=0.5")
    build = ("study", "build", out, "--per-method", 1, "-g", file, "--out", tmp_path / "study")
    refused = bench(*build)
    assert refused.exit_code == 2
    assert refused.output == (
        f"error: {name}: a study shows all methods at the same latents, but these were run with "
        "other options of the generator: discovered with space z and psi 1.0, coordinate with "
        "space z and psi 1.0, random with space w and psi 0.5; run them again with the same ones; "
        "-g 'NAME?space=w&psi=0.5' gives others a name of their own\n"
    )
    assert not (tmp_path / "study").exists()
    compute(out, [file], ["random"])
    built = bench(*build)
    assert built.exit_code == 0, built.output


@pytest.mark.parametrize(
    ("options", "names"),
    [("", {"small_mapped-make"}), ("?space=w", {"small_mapped-make-space-w"})],
)
def test_a_file_with_options_is_the_row_of_these_options(
    options: str, names: set[str], tmp_path: Path
) -> None:
    out, study, file = tmp_path / "run", tmp_path / "study", f"{small_mapped.__file__}:make"
    compute(out, [file, f"{file}?space=w"], ["discovered"])
    build_study(out, study, [f"{file}{options}"], 1, 0, None)
    assert {cell["generator"] for cell in provenance(study)["cells"].values()} == names


def test_a_method_of_two_configurations_is_refused_before_anything_is_rendered(
    tmp_path: Path,
) -> None:
    for steps in (200, 300):
        write_cell(tmp_path / "run", "planted", "discovered", 0, steps=steps)
    write_cell(tmp_path / "run", "planted", "random", 0)
    told: list[str] = []
    with pytest.raises(BenchError, match="discovered on planted has 2 configurations in this run"):
        build_study(tmp_path / "run", tmp_path / "s", [], 2, 0, None, tell=told.append)
    assert not told


def test_methods_that_were_run_to_other_lengths_are_no_study(tmp_path: Path) -> None:
    """One of them would change images further, whatever its directions are."""
    out = tmp_path / "run"
    compute(out, ["planted"], ["discovered", "coordinate"], "max_shift=3")
    compute(out, ["planted"], ["random"])
    refused = bench("study", "build", out, "--out", tmp_path / "study")
    assert refused.exit_code == 2
    assert refused.output == (
        "error: planted: a study shows all methods equally far, but these were run with other "
        "max_shift: discovered to 3, coordinate to 3, random to 6; run them again with the same "
        "one\n"
    )


def test_a_generator_that_changed_between_two_methods_is_that_of_one_of_them(
    tmp_path: Path,
) -> None:
    out, file = tmp_path / "run", tmp_path / "own.py"
    text = Path(small_mapped.__file__).read_text()
    file.write_text(text)
    compute(out, [f"{file}:make"], ["discovered"])
    file.write_text(text.replace("/ 3)", "/ 2)"))
    compute(out, [f"{file}:make"], ["random"])
    file.write_text(text)
    refused = bench("study", "build", out, "-g", f"{file}:make", "--out", tmp_path / "study")
    assert refused.exit_code == 2
    assert "own-make cannot be shown: its weights are not those of the run" in refused.output


def test_a_designers_day(run: Path, tmp_path: Path) -> None:
    study, answers = tmp_path / "study", tmp_path / "answers.csv"
    assert bench("study", "build", run, "--per-method", 2, "--out", study).exit_code == 0
    said = bench("study", "invite", study, "--annotators", 2).output.splitlines()
    warned, *links, here = said
    assert here.startswith("these links open on this machine alone")
    assert warned.startswith("THE CONSENT IS NOT READY FOR PEOPLE")
    assert len(set(links)) == 2
    assert all(link.startswith("http://127.0.0.1:8000/join/") for link in links)
    played = bench("study", "simulate", study, "--annotators", 2)
    assert played.exit_code == 0, played.output
    assert "people" in bench("study", "status", study).output
    assert "simulated" in bench("study", "status", study, "--simulated").output
    assert bench("study", "export", study, "--out", answers).exit_code == 0
    table = pd.read_csv(answers)
    assert table["simulated"].all()
    assert len(table) == int(played.output.split()[0])
    assert set(table.loc[table["check"].isna(), "method"]) == set(USUAL)
    assert bench("study", "close", study).output == "the study is closed\n"
    assert "closed" in bench("study", "status", study).output
    refused = bench("study", "simulate", study, "--profile", "carefull")
    assert refused.exit_code == 2
    assert "did you mean careful" in refused.output


@pytest.mark.parametrize(("day", "refused"), [("1990-01-01", True), ("2999-01-01", False)])
def test_numbers_are_kept_until_a_day_to_come(day: str, refused: bool, tmp_path: Path) -> None:
    settings = tmp_path / "study.toml"
    settings.write_text(default_settings().replace('retention = ""', f"retention = {day}"))
    said = bench("study", "build", tmp_path, "--settings", settings, "--out", tmp_path / "study")
    assert said.exit_code == 2  # no run is there, which is told after the settings
    assert (f"consent.retention is {day}, and no day to come" in said.output) == refused


def test_of_large_images_one_direction_waits_to_be_written() -> None:
    sides = (64, 256, 1024)
    made = [at_once([SimpleNamespace(image_shape=(3, side, side))]) for side in sides]
    assert made == [26, 1, 1]
