"""May a run be submitted? Each point finds its fault, and only that; the reference run passes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from baselines import METHODS
from benchmark.cli.main import main
from benchmark.core.json_files import sealed, write_json
from benchmark.generators.families.planted import Planted
from benchmark.generators.stored import weights_hash
from benchmark.runs import PRESETS
from benchmark.runs.grid import plan, record
from benchmark.runs.results import Result, read_cells
from benchmark.runs.settings import RunConfig
from benchmark.runs.submission import submission_points
from tests.report.drawn import write_cell


def a_run(folder, seeds, generator="planted"):
    """A run of one generator. seeds: by method; run.json says that the last command had 0 alone."""
    headline = {
        method: write_cell(folder, generator, method, seed).config_hash
        for method, own in seeds.items()
        for seed in own
    }
    content = {"headline": {generator: headline}, "seeds": [0], "preset": "quick"}
    write_json(folder / "run.json", content)
    return folder


def faults(run, asks, weights=""):
    """Those of the point that begins with these words. weights: the hash of the suite's own."""
    points = submission_points(run, METHODS, lambda name: weights)
    (found,) = [point.faults for point in points if point.asks.startswith(asks)]
    return found


def edit(run, cells, **parts):
    """Write parts of the results of these cells anew, under a new seal."""
    for path in run.glob(f"cells/{cells}/result.json"):
        write_json(path, sealed({**json.loads(path.read_text()), **parts}))


def with_config(run, cells, **parts):
    for path in run.glob(f"cells/{cells}/result.json"):
        config = json.loads(path.read_text())["config"]
        edit(run, str(path.parent.relative_to(run / "cells")), config={**config, **parts})


def test_a_run_in_order_may_be_submitted_and_a_bent_one_may_not(tmp_path):
    reference = Path(__file__).parents[2] / "results/reference"
    good = CliRunner().invoke(main, ["submit-check", str(reference)])
    assert good.exit_code == 0, good.output
    bent = a_run(tmp_path / "bent", {"random": [0]})
    result = CliRunner().invoke(main, ["submit-check", str(bent)])
    assert result.exit_code == 1
    for words in (
        "planted has 1; intervals need replicates",
        "holds other settings than its name says",
        "random on planted, seed 0: steps 200, not 2000",
    ):
        assert words in result.output


def test_a_preset_of_ones_own_is_none_of_the_suite_by_its_path_either(tmp_path):
    run = a_run(tmp_path / "run", {"random": [0]})
    (tmp_path / "mine.toml").write_text((PRESETS / "quick.toml").read_text())
    description = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", {**description, "preset": str(tmp_path / "mine")})
    result = CliRunner().invoke(main, ["submit-check", str(run)])
    assert "is no preset of the suite" in result.output


def test_figures_that_the_answers_do_not_give_are_found_behind_a_new_seal(tmp_path):
    run = a_run(tmp_path / "run", {"random": [0]})
    (path,) = run.glob("cells/*/*/*/result.json")
    content = json.loads(path.read_text())
    content["metrics"]["rca_fresh"] += 0.1
    write_json(path, sealed(content))
    assert read_cells(run)[0].result.metrics["rca_fresh"] == content["metrics"]["rca_fresh"]
    result = CliRunner().invoke(main, ["submit-check", str(run)])
    assert f"not rca_fresh {content['metrics']['rca_fresh']:.4f} of 600" in result.output


def test_seeds_are_those_of_the_cells_whatever_the_last_command_had(tmp_path):
    run = a_run(tmp_path, {"discovered": range(3), "random": range(3)})
    assert faults(run, "every cell") == faults(run, "at least") == ()


def test_a_run_that_shows_nothing_has_no_seeds(tmp_path):
    run = a_run(tmp_path, {"random": range(3)})
    (run / "run.json").write_text("{}")
    assert faults(run, "at least") == ("there are none",)


def test_one_more_method_of_fewer_seeds_lacks_those_of_the_others(tmp_path):
    run = a_run(tmp_path, {"discovered": range(3), "random": [0]})
    lacks = "random on planted, seed {} is missing, or damaged"
    assert faults(run, "every cell") == (lacks.format(1), lacks.format(2))
    assert faults(run, "at least") == ()


def test_failures_and_damage_stay_where_a_later_command_has_other_seeds(tmp_path):
    run = a_run(tmp_path, {"random": range(4)})
    write_cell(run, "planted", "random", 4, failure="no memory")
    (folder,) = run.glob("cells/planted/random/3-*")
    (folder / "predictions.parquet").unlink()
    assert faults(run, "every cell") == (
        "random on planted, seed 3 is missing, or damaged",
        "random on planted, seed 4 failed: no memory",
    )


def test_cells_of_two_versions_are_named(tmp_path):
    run = a_run(tmp_path, {"random": range(2)})
    same = {"bench_version": "0.1.0", "torch_version": "2.13.0+cpu"}
    edit(run, "planted/random/*", versions=same)
    edit(run, "planted/random/1-*", versions={**same, "torch_version": "2.13.0+cu126"})
    assert faults(run, "one version") == ()
    edit(run, "planted/random/1-*", versions={**same, "torch_version": "2.12.0"})
    assert faults(run, "one version") == ("planted: torch 2.12.0 and 2.13.0",)


def test_another_generator_may_be_of_another_version(tmp_path):
    run = a_run(tmp_path, {"random": [0], "coordinate": [0]})
    write_cell(run, "mine", "random", 0)
    same = {"bench_version": "0.1.0", "torch_version": "2.13.0"}
    edit(run, "planted/*/*", versions=same)
    edit(run, "mine/*/*", versions={**same, "bench_version": "1.0.0"})
    headline = json.loads((run / "run.json").read_text())["headline"]
    own = {"random": next(run.glob("cells/mine/random/0-*")).name.partition("-")[2]}
    write_json(run / "run.json", {"headline": {**headline, "mine": own}, "preset": "quick"})
    assert faults(run, "one version") == ()
    edit(run, "planted/coordinate/*", versions={**same, "bench_version": "1.0.0"})
    assert faults(run, "one version") == ("planted: bench 0.1.0 and 1.0.0",)


def test_other_weights_and_generators_of_ones_own_are_found(tmp_path):
    run, own = a_run(tmp_path / "a", {"random": [0]}), weights_hash(Planted())
    assert faults(run, "generators", own) == ()
    assert faults(run, "generators", "f" * 64) == ("planted has other weights than the suite's",)
    with_config(run, "planted/random/*", code={"generator": "c0de"})
    (fault,) = faults(run, "generators", own)
    assert fault.startswith("planted is made by a file of its author's")
    run = a_run(tmp_path / "c", {"random": [0], "sefa": [0]})
    with_config(run, "planted/random/*", generator_hash="e" * 64)
    assert "planted has other weights in some cells: " in faults(run, "generators", own)[0]
    (fault,) = faults(a_run(tmp_path / "b", {"random": [0]}, "mine"), "generators", own)
    assert fault.startswith("mine is none of the suite's")


def test_a_method_is_the_suites_or_one_code_that_a_hash_names(tmp_path):
    run = a_run(tmp_path, {"random": [0], "mine": [0, 1]})
    unknown = "mine is none of the suite's, and no hash says what its code is"
    assert faults(run, "methods") == (unknown,)
    with_config(run, "planted/mine/*", code={"method": "c0de"})
    assert faults(run, "methods") == ()
    with_config(run, "planted/mine/1-*", code={"method": "0dd"})
    assert faults(run, "methods") == ("mine is not the same code in all cells",)


@pytest.mark.parametrize(
    ("generator", "setting", "faulty"),
    [
        ("cifar-biggan-small", "steps=500", ()),
        ("cifar-biggan-small", "classes=3", ("option classes 3, not None",)),
        ("celeba-stylegan2-small", "psi=0.5", ("option psi 0.5, not None",)),
    ],
)
def test_an_option_that_no_preset_sets_is_found(generator, setting, faulty, tmp_path):
    config = RunConfig.from_preset("quick").with_settings([f"{generator}.{setting}"])
    groups = plan(config, [generator], ["random"], METHODS)
    record(config, groups, tmp_path, "bench run")
    ((job,),) = [group.jobs for group in groups]
    Result(job.cell, "failed", job.config, reason="nothing is computed here").write(tmp_path)
    wanted = tuple(f"random on {generator}, seed 0: {words}" for words in faulty)
    assert faults(tmp_path, "the settings") == wanted


def test_of_a_generator_of_ones_own_all_that_the_preset_says_is_looked_at(tmp_path):
    run = a_run(tmp_path, {"random": [0]}, "mine")
    general = RunConfig.from_preset("quick").defaults
    steps = general["steps"]
    with_config(run, "*/*/*", protocol={**general, "steps": 40, "k": 8})
    assert faults(run, "the settings")[0] == f"random on mine, seed 0: steps 40, not {steps}"


def test_the_class_that_the_suite_itself_asks_of_a_generator_is_no_fault(tmp_path):
    run = a_run(tmp_path, {"random": [0]}, "imagenet-biggan")
    with_config(run, "*/*/*", generator={"classes": [239]})
    assert not [fault for fault in faults(run, "the settings") if "option" in fault]
    with_config(run, "*/*/*", generator={"classes": [207]})
    assert faults(run, "the settings")[-1].endswith("option classes 207, not 239")
