"""Adversarial training: its arithmetic, and the settings it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.generators.stored import load_family
from benchmark.generators.training.game import GanConfig
from tests.generators.training.trainings import CONFIG, FixedScores, fakes, new_training


def test_training_moves_the_generator(tmp_path: Path) -> None:
    undisturbed = new_training().run(tmp_path).state_dict()
    fresh = new_training().generator.state_dict()
    assert not torch.equal(undisturbed["model.0.weight"], fresh["model.0.weight"])


def test_the_critic_minimises_the_hinge_loss() -> None:
    training = new_training(replace(CONFIG, bf16=False))
    training.critic = FixedScores([0.5, 2.0, -1.0, 1.0, -3.0, 0.2, 0.0, -1.0])  # type: ignore[assignment]
    real = (0.5 + 0.0 + 2.0 + 0.0) / 4
    fake = (0.0 + 1.2 + 1.0 + 0.0) / 4
    assert training._update_critic(*fakes(training)).item() == pytest.approx(real + fake)


@pytest.mark.parametrize(
    ("of_cpu", "type_of_images"),
    [
        ({"avx512_f": True}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_bfloat16_is_for_a_cpu_that_has_it(
    of_cpu: dict[str, bool], type_of_images: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: of_cpu)
    training = new_training()
    seen = []
    training.generator.register_forward_hook(lambda *given: seen.append(given[-1].dtype))
    training.advance()
    assert seen == [type_of_images]


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
    z = torch.cat([finished.sample(256, rng).point for _ in range(16)])
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


@pytest.mark.parametrize(
    ("falling", "expected"),
    [(0.0, [1, 1, 1, 1]), (0.25, [1, 1, 1, 1]), (0.5, [1, 1, 1, 0.5]), (1.0, [1, 0.75, 0.5, 0.25])],
)
def test_rates_fall_over_the_last_steps_or_never(falling: float, expected: list[float]) -> None:
    config = replace(CONFIG, steps=4, falling=falling)
    rates = np.array([config.rates(step) for step in range(4)])
    np.testing.assert_allclose(rates, np.outer(expected, [3e-4, 4e-4]))


def test_a_critic_may_be_slowed_down_alone() -> None:
    training = new_training(replace(CONFIG, steps=4, falling=0.0, critic_slows_at=2))
    rates = []
    for _ in range(4):
        training.advance()
        optimisers = training.generator_optimiser, training.critic_optimiser
        rates.append([optimiser.param_groups[0]["lr"] for optimiser in optimisers])
    np.testing.assert_allclose(rates, [[3e-4, 4e-4]] * 2 + [[3e-4, 2e-4]] * 2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "falling to 0 over the last 50% of the steps"),
        ({"falling": 0.0}, "held to the end"),
        (
            {"falling": 0.0, "critic_slows_at": 4_000},
            "held to the end, the critic's at half from step 4,000 on",
        ),
        ({"falling": 0.0, "critic_slows_at": 4_000, "steps": 4_000}, "held to the end"),
    ],
)
def test_the_card_says_how_the_rates_went(settings: dict, words: str) -> None:
    assert GanConfig(**settings).schedule == words


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
