"""No interruption of a training changes what comes out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.errors import BenchError
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.stored import load_family
from benchmark.generators.training import adversarial as training_module
from benchmark.generators.training.adversarial import GanTraining
from tests.generators.training.trainings import (
    CONFIG,
    conditional,
    new_training,
    progressive,
    same,
    styled,
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    return new_training().run(tmp_path_factory.mktemp("undisturbed")).state_dict()


def cut_at(step: int, training: GanTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the step after that one fail."""
    advance = training.advance

    def fail() -> dict[str, float]:
        if training.step == step:
            raise RuntimeError("power cut")
        return advance()

    monkeypatch.setattr(training, "advance", fail)


def test_an_exception_between_checkpoints_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = new_training()
    cut_at(6, broken, monkeypatch)
    with pytest.raises(RuntimeError, match="power cut"):
        broken.run(tmp_path)

    resumed = new_training()
    assert same(resumed.run(tmp_path).state_dict(), undisturbed)
    assert resumed.step == 9


def test_ctrl_c_in_a_step_saves_after_it_and_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = new_training()
    update_critic = stopped._update_critic

    def interrupted_at_two(fakes: Tensor, labels: Tensor | None) -> Tensor:
        if stopped.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return update_critic(fakes, labels)

    monkeypatch.setattr(stopped, "_update_critic", interrupted_at_two)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path)

    checkpoint = load_checkpoint(tmp_path / "checkpoint.pt")
    assert checkpoint is not None
    assert checkpoint["step"] == 3
    assert same(new_training().run(tmp_path).state_dict(), undisturbed)


KILLED = """
import sys, time
import torch
torch.set_num_threads({threads})
sys.path.insert(0, {here!r})
from pathlib import Path
from tests.generators.training.trainings import new_training
training = new_training()
advance = training.advance
def advance_until_seven():
    if training.step == 7:
        print("at step 7", flush=True)
        time.sleep(600)
    return advance()
training.advance = advance_until_seven
training.run(Path({folder!r}))
"""


def test_sigkill_changes_nothing(tmp_path: Path, undisturbed: dict[str, Tensor]) -> None:
    script = KILLED.format(
        threads=torch.get_num_threads(), here=str(Path(__file__).parents[3]), folder=str(tmp_path)
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at step 7\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    checkpoint = load_checkpoint(tmp_path / "checkpoint.pt")
    assert checkpoint is not None
    assert checkpoint["step"] == 4
    assert same(new_training().run(tmp_path).state_dict(), undisturbed)


KILLED_AT_THE_EARLY_STEP = """
import os, signal, sys
import torch
torch.set_num_threads({threads})
sys.path.insert(0, {here!r})
from dataclasses import replace
from pathlib import Path
from benchmark.generators.training import adversarial
from tests.generators.training.trainings import CONFIG, new_training
adversarial.{what} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
new_training(replace(CONFIG, checkpoint_every=1)).run(Path({folder!r}))
"""


@pytest.mark.parametrize("what", ["save_weights", "save_checkpoint"])
def test_a_kill_at_the_early_weights_or_at_their_checkpoint_is_made_good(
    what: str, tmp_path: Path
) -> None:
    script = KILLED_AT_THE_EARLY_STEP.format(
        threads=torch.get_num_threads(),
        here=str(Path(__file__).parents[3]),
        folder=str(tmp_path / "killed"),
        what=what,
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert_finishes_alike(tmp_path)


def test_a_checkpoint_whose_early_weights_were_never_written_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = new_training(replace(CONFIG, checkpoint_every=1))
    cut_at(1, broken, monkeypatch)
    with pytest.raises(RuntimeError, match="power cut"):
        broken.run(tmp_path / "killed")
    (tmp_path / "killed" / "early.safetensors").unlink()
    assert_finishes_alike(tmp_path)


def assert_finishes_alike(folder: Path) -> None:
    """The killed training ends with the weights, early and late, of an undisturbed one."""
    config = replace(CONFIG, checkpoint_every=1)
    assert config.early_step == 1
    late, early = [], []
    for name in ("killed", "undisturbed"):
        late.append(new_training(config).run(folder / name).state_dict())
        early.append(load_family(folder / name / "early.safetensors").state_dict())
    assert same(*late)
    assert same(*early)


def test_early_weights_that_are_gone_for_good_are_named(tmp_path: Path) -> None:
    new_training().run(tmp_path)
    (tmp_path / "early.safetensors").unlink()
    with pytest.raises(BenchError, match=r"early\.safetensors is missing, which step 1 left"):
        new_training().run(tmp_path)


def test_a_finished_training_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_training().run(tmp_path).state_dict()
    again = new_training()
    monkeypatch.setattr(again, "advance", lambda: pytest.fail("trained once more"))
    assert same(again.run(tmp_path).state_dict(), first)


def test_what_a_run_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "SCALARS_EVERY", 2)
    finished = new_training().run(tmp_path)
    assert not finished.training
    assert not any(p.requires_grad for p in finished.parameters())
    sheets = sorted(p.name for p in (tmp_path / "samples").iterdir())
    assert sheets == ["000004.png", "000008.png", "000009.png"]
    assert scalar_steps(tmp_path) == [2, 4, 6, 8, 9]


def test_scalars_after_a_resume_have_no_gap_and_no_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "SCALARS_EVERY", 2)
    broken = new_training()
    cut_at(7, broken, monkeypatch)
    with pytest.raises(RuntimeError, match="power cut"):
        broken.run(tmp_path)  # wrote the scalars of step 6, but no checkpoint after 4
    later = time.time() + 60  # event files are read in the order of their names: second, process
    monkeypatch.setattr(time, "time", lambda: later)
    new_training().run(tmp_path)
    assert scalar_steps(tmp_path) == [2, 4, 6, 8, 9]


def scalar_steps(folder: Path) -> list[int]:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"critic", "generator"}
    scalars = events.Scalars("critic")
    assert all(np.isfinite(scalar.value) for scalar in scalars)
    return [scalar.step for scalar in scalars]


def test_another_setting_does_not_continue(tmp_path: Path) -> None:
    new_training().run(tmp_path)
    with pytest.raises(BenchError, match="trained with another steps, ema"):
        new_training(replace(CONFIG, steps=10, ema=0.9)).run(tmp_path)


def test_a_checkpoint_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"reconstructor": torch.zeros(3)})
    with pytest.raises(BenchError, match="no checkpoint of this training"):
        new_training().run(tmp_path)
    state = new_training().state()
    state["generator"] = SNGAN(6, (8, 8), 1).state_dict()
    save_checkpoint(path, state)
    with pytest.raises(BenchError, match="no checkpoint of this training"):
        new_training().run(tmp_path)


def test_a_checkpoint_cut_short_starts_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = new_training().run(tmp_path).state_dict()
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    assert same(new_training().run(tmp_path).state_dict(), expected)
    assert f"{path} is damaged or of another version: the work starts over" in caplog.text


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BenchError, match="cannot write"):
        new_training().run(tmp_path / "file" / "run")


@pytest.mark.parametrize("make", [conditional, progressive, styled])
def test_a_kill_changes_nothing_for_the_other_families_either(
    make: Callable[[], GanTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "CALIBRATION_LATENTS", 256)
    expected = make().run(tmp_path / "undisturbed").state_dict()
    assert not same(expected, make().generator.state_dict())
    broken = make()
    cut_at(6, broken, monkeypatch)
    with pytest.raises(RuntimeError, match="power cut"):
        broken.run(tmp_path / "broken")
    assert same(make().run(tmp_path / "broken").state_dict(), expected)
