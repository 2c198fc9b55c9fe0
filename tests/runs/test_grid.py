"""The grid of a run: options of a generator are part of a cell's identity, and only where given."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from baselines import METHODS
from baselines.random import Random
from benchmark.core.errors import BenchError
from benchmark.core.plugins import from_file
from benchmark.core.storage import sha256
from benchmark.generators.base import Generator
from benchmark.generators.catalogue import BUNDLED
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.stored import save_weights
from benchmark.metrics import METRICS
from benchmark.rca.protocol import Protocol
from benchmark.runs.grid import plan, record
from benchmark.runs.results import Result, read_cells, read_run
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig


@pytest.fixture
def conditional(tmp_path: Path) -> str:
    torch.manual_seed(0)
    path = tmp_path / "dogs.safetensors"
    save_weights(BigGAN(32, latent_dim=8, width=2, n_classes=9, shared_dim=3), path, {})
    return str(path)


def settings(tmp_path: Path, toml: str, *given: str) -> RunConfig:
    path = tmp_path / "mine.toml"
    path.write_text("steps = 2\nbatch = 4\nk = 3\nevaluation = 20\n" + toml)
    return RunConfig.from_preset(str(path)).with_settings(given)


def test_classes_of_the_config_reach_the_cell_and_the_run(conditional: str, tmp_path: Path) -> None:
    config = settings(tmp_path, "[dogs]\nclasses = [7, 2]\n")
    (group,) = plan(config, [conditional], ["random"], METHODS)
    assert group.name == "dogs"
    assert group.reference == f"{conditional}?classes=7,2"
    assert group.jobs[0].config["generator"] == {"classes": [7, 2]}
    labels = group.generator.sample(50, torch.Generator().manual_seed(0)).labels
    assert labels is not None
    assert set(labels.tolist()) == {2, 7}
    record(config, [group], tmp_path / "run", "bench run")
    assert read_run(tmp_path / "run")["generators"] == {"dogs": group.reference}


def test_a_generator_without_options_keeps_its_identity(conditional: str, tmp_path: Path) -> None:
    config = settings(tmp_path, "")
    (group,) = plan(config, [conditional], ["random"], METHODS)
    assert set(group.jobs[0].config) == {"generator_hash", "protocol", "method"}
    chosen = plan(settings(tmp_path, "", "dogs.classes=[7]"), [conditional], ["random"], METHODS)
    assert chosen[0].jobs[0].cell != group.jobs[0].cell


def test_variants_may_differ_in_their_classes(conditional: str, tmp_path: Path) -> None:
    toml = "variants = [{dogs = {classes = [1]}}, {dogs = {classes = [2]}}]\n"
    one, two = plan(settings(tmp_path, toml), [conditional], ["random"], METHODS)
    assert one.reference.endswith("?classes=1")
    assert two.reference.endswith("?classes=2")
    assert one.jobs[0].headline
    assert not two.jobs[0].headline


def test_a_conditional_generator_goes_through_a_whole_run(conditional: str, tmp_path: Path) -> None:
    config = settings(tmp_path, "[dogs]\nclasses = [7, 2]\n", "dogs.truncation=0.5")
    groups = plan(config, [conditional], ["discovered", "random"], METHODS)
    results = list(
        execute(groups, tmp_path / "run", "cpu", force=False, metrics=METRICS, expected={})
    )
    assert [result.status for result in results] == ["done", "done"]


OWN = """
import torch
from benchmark.generators.base import Generator, Usual

class Mine(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    usual = Usual(k=2, max_shift=0.5)
    scale = {scale}
    def forward(self, latents):
        return torch.tanh(self.scale * latents.point[:, :1, None, None]).expand(-1, 1, 32, 32)
"""
METHOD = """
from dataclasses import dataclass
from baselines.random import Random

@dataclass(frozen=True)
class Twin(Random):
    power: float = 2.0
"""


def own(folder: Path, scale: float) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "gen.py").write_text(OWN.format(scale=scale))
    return f"{folder / 'gen.py'}:Mine"


def test_a_generator_of_ones_own_brings_its_terms_and_its_code(tmp_path: Path) -> None:
    config = RunConfig.from_preset("quick")
    (group,) = plan(config, [own(tmp_path / "a", 1.0)], ["random"], METHODS)
    (job,) = group.jobs
    assert (group.protocol.k, group.protocol.max_shift) == (2, 0.5)
    assert job.config["code"] == {"generator": sha256(tmp_path / "a" / "gen.py")}
    (again,) = plan(config, [own(tmp_path / "a", 1.0)], ["random"], METHODS)
    assert again.jobs[0].cell == job.cell
    (changed,) = plan(config, [own(tmp_path / "a", 2.0)], ["random"], METHODS)
    assert changed.jobs[0].config["generator_hash"] == job.config["generator_hash"]
    assert changed.jobs[0].cell != job.cell  # its weights are the same, its code is not


def test_two_generators_of_one_name_are_two_rows(tmp_path: Path) -> None:
    """One row for both variants would show one and hide the other."""
    given = [own(tmp_path / "a", 1.0), own(tmp_path / "b", 2.0)]
    config = RunConfig.from_preset("quick").with_settings(["gen-Mine-b.k=3"])
    one, two = plan(config, given, ["random"], METHODS)
    assert [one.name, two.name] == ["gen-Mine-a", "gen-Mine-b"]
    assert [one.reference, two.reference] == given
    assert (one.protocol.k, two.protocol.k) == (2, 3)
    assert {job.cell.generator for g in (one, two) for job in g.jobs} == {one.name, two.name}
    record(config, [one, two], tmp_path / "run", "bench run")
    description = read_run(tmp_path / "run")
    assert description["generators"] == {"gen-Mine-a": given[0], "gen-Mine-b": given[1]}
    assert set(description["headline"]) == {one.name, two.name}
    (alone,) = plan(RunConfig.from_preset("quick"), given[:1] * 2, ["random"], METHODS)
    assert alone.name == "gen-Mine"


def test_one_generator_with_two_choices_is_two_rows(conditional: str, tmp_path: Path) -> None:
    given = [f"{conditional}?classes=1", f"{conditional}?classes=2"]
    one, two = plan(settings(tmp_path, ""), given, ["random"], METHODS)
    assert [one.name, two.name] == ["dogs-1", "dogs-2"]


def test_a_preset_holds_for_a_generator_with_other_options(tmp_path: Path) -> None:
    """A run that takes one in two spaces must not take one of them at the price of no preset."""
    given = ["cifar-biggan-small", "cifar-biggan-small?space=w"]
    quick = RunConfig.from_preset("quick")
    in_z, in_w = plan(quick, given, ["random", "discovered"], METHODS)
    assert in_w.name == "cifar-biggan-small-space-w"
    assert in_w.protocol == in_z.protocol
    assert in_z.protocol.steps == quick.defaults["cifar-biggan-small.steps"]
    longer = quick.with_settings(["cifar-biggan-small-space-w.steps=7"])
    assert [group.protocol.steps for group in plan(longer, given, ["random"], METHODS)][1] == 7


def test_a_method_of_ones_own_has_settings_and_its_code(tmp_path: Path) -> None:
    path = tmp_path / "twins.py"
    path.write_text(METHOD)
    loaded = from_file(f"{path}:Twin")
    table, code = {**METHODS, "twins-Twin": loaded.value}, {"twins-Twin": loaded.code}
    config = RunConfig.from_preset("quick").with_settings(["twins-Twin.power=3"])
    (group,) = plan(config, ["planted"], ["twins-Twin", "random"], table, code)
    mine, random = group.jobs
    assert mine.config["method"] == {"power": 3.0}
    assert mine.config["code"] == {"method": sha256(path)}
    assert "code" not in random.config
    with pytest.raises(BenchError, match="unknown method or generator in setting 'twins-Twn'"):
        plan(config.with_settings(["twins-Twn.power=3"]), ["planted"], ["random"], table, code)
    with pytest.raises(BenchError, match="unknown setting of twins-Twin 'pwer'; did you mean powe"):
        plan(config.with_settings(["twins-Twin.pwer=3"]), ["planted"], ["twins-Twin"], table, code)


def test_an_unknown_option_is_refused_before_any_work(conditional: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="unknown setting 'clases'; did you mean classes"):
        plan(settings(tmp_path, "", "dogs.clases=[7]"), [conditional], ["random"], METHODS)
    with pytest.raises(BenchError, match=r"classes must be int,int,\.\.\., not 'cat'"):
        plan(settings(tmp_path, "", "dogs.classes=cat"), [conditional], ["random"], METHODS)


def run_of(folder: Path, *given: str) -> list[str]:
    """What a run into the folder calls these; it leaves its description behind."""
    config = RunConfig.from_preset("quick")
    groups = plan(config, given, ["random"], METHODS, run=folder)
    record(config, groups, folder, "bench run")
    for group in groups:
        for job in group.jobs:
            Result(job.cell, "failed", job.config, reason="not computed").write(folder)
    return [group.name for group in groups]


def test_two_generators_of_one_name_are_two_rows_across_runs_into_one_folder(
    tmp_path: Path,
) -> None:
    a, b = own(tmp_path / "a", 1.0), own(tmp_path / "b", 2.0)
    run = tmp_path / "run"
    assert run_of(run, a) == ["gen-Mine"]
    assert run_of(run, b) == ["gen-Mine-b"]
    assert run_of(run, a, b) == ["gen-Mine", "gen-Mine-b"]  # as they were called before
    description = read_run(run)
    assert description["generators"] == {"gen-Mine": a, "gen-Mine-b": b}
    assert set(description["headline"]) == {"gen-Mine", "gen-Mine-b"}
    cells = {stored.result.cell.generator for stored in read_cells(run)}
    assert cells == {"gen-Mine", "gen-Mine-b"}


def test_a_file_that_is_edited_keeps_its_name_and_so_does_one_that_is_moved(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert run_of(run, own(tmp_path / "a", 1.0)) == ["gen-Mine"]
    assert run_of(run, own(tmp_path / "a", 3.0)) == ["gen-Mine"]
    shutil.rmtree(run)
    assert run_of(run, own(tmp_path / "a", 1.0)) == ["gen-Mine"]
    (tmp_path / "a").rename(tmp_path / "moved")
    assert run_of(run, own(tmp_path / "moved", 1.0)) == ["gen-Mine"]


def test_weights_of_the_name_of_a_bundled_generator_are_a_row_of_their_own(tmp_path: Path) -> None:
    weights = tmp_path / "mnist-sngan.safetensors"
    shutil.copy(BUNDLED / "anime-sngan-small.safetensors", weights)
    names = run_of(tmp_path / "run", "mnist-sngan") + run_of(tmp_path / "run", str(weights))
    assert names[0] == "mnist-sngan"
    assert len({*names}) == 2


def test_what_opens_a_users_generator_is_kept_as_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(tmp_path / "a", 1.0)
    monkeypatch.chdir(tmp_path / "a")
    run_of(tmp_path / "run", "gen.py:Mine")
    shutil.copy(BUNDLED / "mnist-sngan.safetensors", "digits.safetensors")
    run_of(tmp_path / "run", "digits.safetensors")
    assert read_run(tmp_path / "run")["generators"] == {
        "gen-Mine": f"{tmp_path}/a/gen.py:Mine",
        "digits": f"{tmp_path}/a/digits.safetensors",
    }


@pytest.mark.parametrize("name", ["my gen.py:Mine", "-gen.py:Mine", "nul.safetensors"])
def test_a_name_that_is_no_folder_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    own(tmp_path / "a", 1.0)
    file = tmp_path / "a" / name.removesuffix(":Mine")
    shutil.copy(
        BUNDLED / "mnist-sngan.safetensors" if "nul" in name else tmp_path / "a/gen.py", file
    )
    with pytest.raises(BenchError, match="cannot be called"):
        plan(RunConfig.from_preset("quick"), [str(tmp_path / "a" / name)], ["random"], METHODS)
    table = {**METHODS, "../m": METHODS["random"]}
    with pytest.raises(BenchError, match=r"a method cannot be called '\.\./m'"):
        plan(RunConfig.from_preset("quick"), ["planted"], ["../m"], table)


@dataclass(frozen=True)
class Touchy(Random):
    """A method whose own code fails before anything is computed."""

    at: str = "check"

    def __post_init__(self) -> None:
        if self.at == "start":
            raise RuntimeError("not\ntoday")

    def check(self, generator: Generator, protocol: Protocol) -> None:
        raise RuntimeError("not\ntoday")


@pytest.mark.parametrize(("at", "what"), [("start", "cannot be made"), ("check", "failed")])
def test_a_method_that_fails_before_the_run_is_named_in_one_line(
    tmp_path: Path, at: str, what: str
) -> None:
    config = settings(tmp_path, "", f"touchy.at={at}")
    with pytest.raises(BenchError) as caught:
        plan(config, ["planted"], ["touchy"], {**METHODS, "touchy": Touchy})
    reason = "RuntimeError: not today (test_grid.py line "
    assert str(caught.value).startswith(f"the method touchy {what}: {reason}")
