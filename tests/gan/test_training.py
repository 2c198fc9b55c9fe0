"""Adversarial training: its arithmetic, and that no interruption changes what comes out."""

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
from torch import Tensor, nn

from benchmark.errors import BenchError
from benchmark.gan import training as training_module
from benchmark.gan.images import ImageSet
from benchmark.gan.training import GanConfig, GanTraining
from benchmark.generators.biggan import BigGAN
from benchmark.generators.proggan import ProgGAN
from benchmark.generators.sngan import SNGAN
from benchmark.generators.weights import load_family
from benchmark.storage import load_checkpoint, save_checkpoint

CONFIG = GanConfig(steps=9, batch=4, critic_width=4, checkpoint_every=4, samples_every=4)


def new_training(config: GanConfig = CONFIG) -> GanTraining:
    torch.manual_seed(0)
    images = torch.randint(0, 256, (20, 1, 8, 8), dtype=torch.uint8)
    return GanTraining(SNGAN(6, (4, 4), 1), ImageSet(images, None), config, "cpu")


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    return new_training().run(tmp_path_factory.mktemp("undisturbed")).state_dict()


def test_training_moves_the_generator(undisturbed: dict[str, Tensor]) -> None:
    fresh = new_training().generator.state_dict()
    assert not torch.equal(undisturbed["model.0.weight"], fresh["model.0.weight"])


def cut_at_six(training: GanTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the seventh step fail."""
    advance = training.advance

    def fail_at_six() -> dict[str, float]:
        if training.step == 6:
            raise RuntimeError("power cut")
        return advance()

    monkeypatch.setattr(training, "advance", fail_at_six)


def test_an_exception_between_checkpoints_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = new_training()
    cut_at_six(broken, monkeypatch)
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

    def interrupted_at_two() -> Tensor:
        if stopped.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return update_critic()

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
from test_training import new_training
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
        threads=torch.get_num_threads(), here=str(Path(__file__).parent), folder=str(tmp_path)
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
    advance = broken.advance

    def fail_at_seven() -> dict[str, float]:
        if broken.step == 7:
            raise RuntimeError("power cut")
        return advance()

    monkeypatch.setattr(broken, "advance", fail_at_seven)
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


class FixedScores(nn.Module):
    """A critic that says what it is told, whatever the images."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.tensor(scores))

    def forward(self, images: Tensor, _labels: Tensor | None = None) -> Tensor:
        return self.scores + 0 * images.sum()


def test_the_critic_minimises_the_hinge_loss() -> None:
    training = new_training(replace(CONFIG, bf16=False))
    training.critic = FixedScores([0.5, 2.0, -1.0, 1.0, -3.0, 0.2, 0.0, -1.0])  # type: ignore[assignment]
    real = (0.5 + 0.0 + 2.0 + 0.0) / 4
    fake = (0.0 + 1.2 + 1.0 + 0.0) / 4
    assert training._update_critic().item() == pytest.approx(real + fake)


def test_the_average_of_the_weights_against_a_float64_loop() -> None:
    training = new_training()
    expected = training.generator.model[0].weight.detach().double().numpy().copy()
    for step in range(1, 8):
        training.advance()
        keep = min(0.999, (1 + step) / (10 + step))
        newest = training.generator.model[0].weight.detach().double().numpy()
        expected = keep * expected + (1 - keep) * newest
    averaged = training.averaged.model[0].weight.double().numpy()
    np.testing.assert_allclose(averaged, expected, atol=1e-7)


def test_finished_statistics_are_those_of_the_averaged_weights() -> None:
    training = new_training()
    for _ in range(5):
        training.advance()
    finished = training.finished()
    rng = torch.Generator().manual_seed(0)
    z = torch.cat([finished.sample(256, rng).z for _ in range(16)])
    seeds = finished.model[1](finished.model[0](z)).double()  # (4096, C, 4, 4)
    norm = finished.model[2].model[0]
    torch.testing.assert_close(norm.running_mean.double(), seeds.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(
        norm.running_var.double(), seeds.var(dim=(0, 2, 3)), rtol=0.01, atol=0
    )


def test_rates_hold_for_half_the_steps_and_then_fall() -> None:
    training = new_training(replace(CONFIG, steps=6))
    rates = []
    for _ in range(6):
        training.advance()
        rates.append(training.generator_optimiser.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, [3e-4, 3e-4, 3e-4, 3e-4, 2e-4, 1e-4])
    assert training.critic_optimiser.param_groups[0]["lr"] == pytest.approx(4e-4 / 3)


def test_a_loss_that_is_no_number_names_the_step() -> None:
    training = new_training()
    training.advance()
    with torch.no_grad():
        training.generator.model[0].weight.fill_(float("nan"))
    with pytest.raises(BenchError, match="diverged at step 2"):
        training.advance()


@pytest.mark.parametrize("field", ["steps", "batch", "critic_width", "checkpoint_every"])
@pytest.mark.parametrize("value", [0, -3])
def test_settings_below_one(field: str, value: int) -> None:
    with pytest.raises(BenchError, match=f"{field} must be at least 1, not {value}"):
        replace(CONFIG, **{field: value})


def test_fewer_images_than_a_batch() -> None:
    with pytest.raises(BenchError, match="20 images cannot fill one batch of 21"):
        new_training(replace(CONFIG, batch=21))


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


def test_a_checkpoint_cut_short(tmp_path: Path) -> None:
    new_training().run(tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BenchError, match="damaged checkpoint"):
        new_training().run(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BenchError, match="cannot write"):
        new_training().run(tmp_path / "file" / "run")


# The other families.


def labelled() -> ImageSet:
    torch.manual_seed(0)
    images = torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8)
    return ImageSet(images, torch.arange(20) % 3)


def conditional(data: ImageSet | None = None) -> GanTraining:
    torch.manual_seed(0)
    generator = BigGAN(32, latent_dim=8, width=1, n_classes=3, shared_dim=2)
    config = replace(CONFIG, augment=True, mirror=True)
    return GanTraining(generator, labelled() if data is None else data, config, "cpu")


def progressive() -> GanTraining:
    torch.manual_seed(0)
    config = replace(CONFIG, r1=1.0, augment=True)
    return GanTraining(ProgGAN(6, (4, 4, 4, 4), 3), labelled(), config, "cpu")


@pytest.mark.parametrize("make", [conditional, progressive])
def test_a_kill_changes_nothing_for_the_other_families_either(
    make: Callable[[], GanTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "CALIBRATION_LATENTS", 256)
    expected = make().run(tmp_path / "undisturbed").state_dict()
    assert not same(expected, make().generator.state_dict())
    broken = make()
    cut_at_six(broken, monkeypatch)
    with pytest.raises(RuntimeError, match="power cut"):
        broken.run(tmp_path / "broken")
    assert same(make().run(tmp_path / "broken").state_dict(), expected)


def test_the_critic_sees_each_image_with_its_class() -> None:
    training = conditional()
    seen: list[Tensor] = []

    class Watching(FixedScores):
        def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
            assert labels is not None
            seen.append(labels)
            return super().forward(images)

    training.critic = Watching([0.0] * 8)
    training.config = replace(training.config, bf16=False)
    rows: list[Tensor] = []
    batch = ImageSet.batch

    def watched(data: ImageSet, which: Tensor) -> Tensor:
        rows.append(which)
        return batch(data, which)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageSet, "batch", watched)
        training._update_critic()
    assert training.data.labels is not None
    assert torch.equal(seen[0][:4], training.data.labels[rows[0]])
    assert seen[0][4:].max() < 3


def test_a_conditional_generator_needs_classes() -> None:
    with pytest.raises(BenchError, match="a BigGAN is trained on classes"):
        conditional(ImageSet(labelled().images, None))
    with pytest.raises(BenchError, match="5 classes of images for the 3 of BigGAN"):
        conditional(ImageSet(labelled().images, torch.arange(20) % 5))


def test_the_penalty_comes_every_sixteenth_step_and_weighs_as_much() -> None:
    with_penalty, without = progressive(), progressive()
    for training in (with_penalty, without):
        training.config = replace(training.config, bf16=False)
    without.config = replace(without.config, r1=0.0)
    first = with_penalty._update_critic() - without._update_critic()
    assert first > 0
    again = progressive()
    again.config = replace(again.config, bf16=False, r1=2.0)
    assert (again._update_critic() - progressive_loss()) == pytest.approx(
        2 * first.item(), rel=1e-3
    )
    for training in (with_penalty, without):
        training.critic.load_state_dict(again.critic.state_dict())
        training.generator.load_state_dict(again.generator.state_dict())
        training.rng.set_state(again.rng.get_state())
        training.step = 1
    assert with_penalty._update_critic() == without._update_critic()


def progressive_loss() -> float:
    training = progressive()
    training.config = replace(training.config, bf16=False, r1=0.0)
    return training._update_critic().item()


def test_the_generator_of_a_tenth_of_the_steps_is_kept(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=20)
    new_training(config).run(tmp_path)
    early = load_family(tmp_path / "early.safetensors")
    stopped = new_training(config)
    for _ in range(2):
        stopped.advance()
    for name, value in stopped.finished().state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(early.state_dict()[name], value, rtol=2e-3, atol=1e-5)
