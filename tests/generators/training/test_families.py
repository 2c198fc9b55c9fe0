"""What is particular to the training of a BigGAN and of a ProgGAN."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.generators.training.adversarial import GanTraining
from benchmark.generators.training.real_images import ImageSet
from tests.generators.training.trainings import (
    FixedScores,
    conditional,
    fakes,
    labelled,
    progressive,
)


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
        training._update_critic(*fakes(training))
    assert training.data.labels is not None
    assert torch.equal(seen[0][:4], training.data.labels[rows[0]])
    assert seen[0][4:].max() < 3


def test_a_conditional_generator_needs_classes() -> None:
    with pytest.raises(BenchError, match="BigGAN is trained on classes"):
        conditional(ImageSet(labelled().images, None))
    with pytest.raises(BenchError, match="5 classes of images for the 3 of BigGAN"):
        conditional(ImageSet(labelled().images, torch.arange(20) % 5))


def test_the_penalty_comes_every_sixteenth_step_and_weighs_as_much() -> None:
    with_penalty, without = progressive(), progressive()
    for training in (with_penalty, without):
        training.config = replace(training.config, bf16=False)
    without.config = replace(without.config, r1=0.0)
    first = critic_loss(with_penalty) - critic_loss(without)
    assert first > 0
    again = progressive()
    again.config = replace(again.config, bf16=False, r1=2.0)
    assert (critic_loss(again) - progressive_loss()) == pytest.approx(2 * first, rel=1e-3)
    for training in (with_penalty, without):
        training.critic.load_state_dict(again.critic.state_dict())
        training.generator.load_state_dict(again.generator.state_dict())
        training.rng.set_state(again.rng.get_state())
        training.step = 1
    assert critic_loss(with_penalty) == critic_loss(without)


def critic_loss(training: GanTraining) -> float:
    return training._update_critic(*fakes(training)).item()


def progressive_loss() -> float:
    training = progressive()
    training.config = replace(training.config, bf16=False, r1=0.0)
    return critic_loss(training)
