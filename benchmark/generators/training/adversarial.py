"""Adversarial training of a small generator, with a moving average of its weights.

SNGAN and BigGAN play the hinge game against a spectral-norm critic (Miyato et al., ICLR 2018). A
ProgGAN and a StyleGAN2 grow, and so do their critics; theirs is the logistic game with a gradient
penalty (Mescheder et al., ICML 2018). Critic and generator each have a learning rate of
their own (Heusel et al., NeurIPS 2017). Everything random comes from one stream that the checkpoint
holds, so a killed training continues where it stood.
"""

import copy
import time
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.contact_sheet import contact_sheet
from benchmark.core.device import has_bfloat16
from benchmark.core.errors import BenchError
from benchmark.core.progress import Progress
from benchmark.core.storage import write_atomically
from benchmark.generators.base import Latents
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.family import Family
from benchmark.generators.stored import save_weights
from benchmark.generators.training.augmentation import augment, mirror
from benchmark.generators.training.continuing import CHECKPOINT, check_same, origin
from benchmark.generators.training.game import R1_EVERY, Game, GanConfig, r1_penalty
from benchmark.generators.training.growing import ProgGANGame
from benchmark.generators.training.interruption import Interruption
from benchmark.generators.training.real_images import ImageSet
from benchmark.generators.training.resampling import merge_doublings
from benchmark.generators.training.scalars import scalar_writer
from benchmark.generators.training.styles import StyleGame

# The game of each family; that of all others is the hinge game.
GAMES: dict[type[Family], type[Game]] = {ProgGAN: ProgGANGame, StyleGAN2: StyleGame}
EARLY = "early.safetensors"
SCALARS_EVERY = 50  # steps between points of the TensorBoard curves
PARTS = ("generator", "averaged", "critic", "generator_optimiser", "critic_optimiser")
CALIBRATION_LATENTS = 4096  # samples that set the averaged generator's batch-norm statistics


class GanTraining:
    """The state of one adversarial training: both networks, optimisers, random stream, clock."""

    def __init__(self, generator: Family, data: ImageSet, config: GanConfig, device: str):
        if len(data) < config.batch:
            raise BenchError(f"{len(data)} images cannot fill one batch of {config.batch}")
        self.conditional = generator.n_classes > 0
        if self.conditional:
            name = type(generator).__name__
            if data.labels is None:
                raise BenchError(f"{name} is trained on classes: a sub-folder of images for each")
            if (found := int(data.labels.max()) + 1) != generator.n_classes:
                raise BenchError(
                    f"{found} classes of images for the {generator.n_classes} of {name}"
                )
        torch.manual_seed(config.seed)
        self.config, self.data, self.device = config, data, device
        self.in_bfloat16 = config.bf16 and has_bfloat16(device)
        self.origin = origin(generator, data)
        merge_doublings(generator)
        self.sample = generator.sample
        self.game = GAMES.get(type(generator), Game)(generator)
        player = self.game.player()
        # torch's type stub of `to` lacks memory_format.
        self.generator = player.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.generator).requires_grad_(False)
        critic, self.loss = self.game.critic(config.critic_width), self.game.loss
        self.critic = critic.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator_optimiser = torch.optim.Adam(
            player.parameters(), lr=config.lr_generator, betas=(0.0, config.beta2)
        )
        self.critic_optimiser = torch.optim.Adam(
            critic.parameters(), lr=config.lr_critic, betas=(0.0, config.beta2)
        )
        self.rng = torch.Generator().manual_seed(config.seed)
        self.step = 0
        self.seconds = 0.0

    def run(self, folder: Path) -> Family:
        """Train to the configured step, from `folder`'s checkpoint if there is one.

        Writes `checkpoint.pt`, `samples/<step>.png`, TensorBoard scalars and, after a tenth of the
        steps, `early.safetensors` into `folder`; returns the generator of averaged weights, in eval
        mode. Ctrl-C saves a checkpoint at the end of
        the step and then raises KeyboardInterrupt.
        """
        checkpoint = folder / CHECKPOINT
        self._resume(checkpoint)
        self._save_early(folder)  # after a kill just before it was written
        writer = scalar_writer(folder / "tensorboard", self.step)
        progress = Progress("training", self.config.steps, self.step)
        with writer, Interruption() as interruption:
            while self.step < self.config.steps and not interruption.asked:
                started = time.perf_counter()
                losses = self.advance()
                self.seconds += time.perf_counter() - started
                progress.update(self.step, losses)
                if self._due(SCALARS_EVERY):
                    for name, loss in losses.items():
                        writer.add_scalar(name, loss, self.step)
                self._save_early(folder)  # before the checkpoint, which does not come back to it
                if self._due(self.config.checkpoint_every) or interruption.asked:
                    writer.flush()
                    save_checkpoint(checkpoint, self.state())
                if self._due(self.config.samples_every):
                    self.save_samples(folder / "samples" / f"{self.step:06d}.png")
        if interruption.asked:
            raise KeyboardInterrupt
        return self.finished()

    def _save_early(self, folder: Path) -> None:
        """At the early step, write the weights that the quality is later compared with.

        Raises BenchError where a training beyond that step no longer has them.
        """
        path = folder / EARLY
        if self.step == self.config.early_step:
            save_weights(self.finished(), path, {"steps": str(self.step)})
        elif self.step > self.config.early_step and not path.exists():
            raise BenchError(
                f"{path} is missing, which step {self.config.early_step} left; give another folder "
                "to start over"
            )

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def advance(self) -> dict[str, float]:
        """One update of the critic, one of the generator on the same fakes; returns both losses."""
        share = self.step / self.config.steps
        self.game.grow((self.generator, self.averaged, self.critic), share)
        generator_rate, critic_rate = self.config.rates(self.step)
        _set_rate(self.generator_optimiser, generator_rate)
        _set_rate(self.critic_optimiser, critic_rate)
        latents = self.sample(self.config.batch, self.rng).to(self.device)
        with self._autocast():
            fakes = self.generator(latents)  # (n, C, H, W)
        critic_loss = self._update_critic(fakes.detach(), latents.labels)
        self.critic.requires_grad_(False)
        with self._autocast():
            scores = self.critic(self._seen(fakes), latents.labels)  # (n,)
        generator_loss = self.loss.generator(scores.float())
        _update(self.generator_optimiser, generator_loss)
        self.critic.requires_grad_(True)
        self.step += 1
        self._average()
        losses = {"critic": float(critic_loss), "generator": float(generator_loss.detach())}
        if not all(abs(loss) < 1e6 for loss in losses.values()):  # NaN fails this too
            raise BenchError(f"the training diverged at step {self.step}: {losses}")
        return losses

    def _update_critic(self, fakes: Tensor, fake_labels: Tensor | None) -> Tensor:
        rows = torch.randint(len(self.data), (self.config.batch,), generator=self.rng)
        reals = self.data.batch(rows)  # (n, C, H, W)
        if self.config.mirror:
            reals = mirror(reals, self.rng)
        reals = reals.to(self.device, memory_format=torch.channels_last)
        reals = self.game.reals(reals, self.generator)  # (n, C, h, w)
        labels = None
        if self.conditional and self.data.labels is not None:
            labels = self.data.labels[rows].to(self.device)  # (n,)
        with self._autocast():
            images = self._seen(torch.cat([reals, fakes.to(reals.dtype)]))  # (2n, C, H, W)
            both = None
            if labels is not None and fake_labels is not None:
                both = torch.cat([labels, fake_labels])  # (2n,)
            scores = self.critic(images, both).float()  # (2n,)
        loss = self.loss.critic(*scores.chunk(2))
        if self.config.r1 and self.step % R1_EVERY == 0:
            penalty = r1_penalty(self.critic, images[: len(reals)].float(), labels)
            loss = loss + R1_EVERY * self.config.r1 * penalty
        _update(self.critic_optimiser, loss)
        return loss.detach()

    def _seen(self, images: Tensor) -> Tensor:
        """What the critic gets to see of (n, C, H, W) images."""
        kinds = self.config.augment
        return augment(images.float(), self.rng, kinds) if kinds else images

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.in_bfloat16)

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))  # young averages forget
        for mean, value in zip(
            self.averaged.parameters(), self.generator.parameters(), strict=True
        ):
            mean.lerp_(value, 1.0 - keep)

    @torch.no_grad()
    def finished(self) -> Family:
        """The averaged generator in eval mode, its batch-norm statistics measured anew.

        The statistics that training collects belong to the newest weights, not to their average. A
        growing generator has the largest size that has faded in.
        """
        generator = self.game.alone(self.averaged).train().requires_grad_(False)
        norms = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
        if not norms:
            return generator.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all batches
        rng = torch.Generator().manual_seed(0)
        for _ in range(0, CALIBRATION_LATENTS, 256):
            generator(generator.sample(256, rng).to(self.device))
        return generator.eval()

    def save_samples(self, path: Path) -> None:
        """A sheet of 100 samples, the same latents each time."""
        with torch.no_grad():
            finished = self.finished()
            images = finished(sheet_latents(finished).to(self.device))  # (100, C, H, W)
        sheet = contact_sheet(images, columns=10)
        write_atomically(path, lambda part: sheet.save(part, format="PNG"))

    def state(self) -> dict[str, object]:
        """All that a continued training needs; tensors and plain numbers only."""
        return {
            "config": asdict(self.config),
            "origin": self.origin,
            "step": self.step,
            "seconds": self.seconds,
            "rng": self.rng.get_state(),
            **{name: getattr(self, name).state_dict() for name in PARTS},
        }

    def _resume(self, path: Path) -> None:
        state = load_checkpoint(path)
        if state is None:
            return
        check_same(path, state, self.config, self.origin)
        try:
            for name in PARTS:
                getattr(self, name).load_state_dict(state[name])
            self.rng.set_state(state["rng"])
            self.step, self.seconds = state["step"], state["seconds"]
            share = self.step / self.config.steps
            self.game.grow((self.generator, self.averaged, self.critic), share)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise BenchError(
                f"{path} is no checkpoint of this training; give another folder to start over"
            ) from error


def sheet_latents(generator: Family) -> Latents:
    """A hundred latents, always the same; a conditional generator's have one class per column."""
    latents = generator.sample(100, torch.Generator().manual_seed(1))
    if generator.n_classes:
        return Latents(latents.point, torch.arange(100) % 10 % generator.n_classes)
    return latents


def _update(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
