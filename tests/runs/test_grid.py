"""The grid of a run: options of a generator are part of a cell's identity, and only where given."""

from pathlib import Path

import pytest
import torch

from benchmark.generators.biggan import BigGAN
from benchmark.generators.stored import save_weights
from benchmark.runs.grid import plan, record
from benchmark.runs.results import read_run
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
    (group,) = plan(config, [conditional], ["random"])
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
    (group,) = plan(config, [conditional], ["random"])
    assert set(group.jobs[0].config) == {"generator_hash", "protocol", "method"}
    chosen = plan(settings(tmp_path, "", "dogs.classes=[7]"), [conditional], ["random"])
    assert chosen[0].jobs[0].cell != group.jobs[0].cell


def test_variants_may_differ_in_their_classes(conditional: str, tmp_path: Path) -> None:
    toml = "variants = [{dogs = {classes = [1]}}, {dogs = {classes = [2]}}]\n"
    one, two = plan(settings(tmp_path, toml), [conditional], ["random"])
    assert one.reference.endswith("?classes=1")
    assert two.reference.endswith("?classes=2")
    assert one.jobs[0].headline
    assert not two.jobs[0].headline


def test_a_conditional_generator_goes_through_a_whole_run(conditional: str, tmp_path: Path) -> None:
    config = settings(tmp_path, "[dogs]\nclasses = [7, 2]\n", "dogs.truncation=0.5")
    groups = plan(config, [conditional], ["discovered", "random"])
    results = list(execute(groups, tmp_path / "run", "cpu", force=False))
    assert [result.status for result in results] == ["done", "done"]
