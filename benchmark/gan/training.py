"""Adversarial training of a small generator: hinge loss, moving average of the weights.

SNGAN (Miyato et al., ICLR 2018) with a learning rate a critic and a generator of their own
(Heusel et al., 2017). Everything random comes from one stream that the checkpoint holds, so a
killed training continues where it stood.
"""

import copy
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter

from benchmark.errors import BenchError
from benchmark.gan.discriminator import Discriminator
from benchmark.gan.images import ImageSet
from benchmark.generators.base import Generator
from benchmark.pictures import contact_sheet
from benchmark.progress import Progress
from benchmark.storage import load_checkpoint, save_checkpoint

CALIBRATION_LATENTS = 4096  # samples that set the averaged generator's batch-norm statistics


@dataclass(frozen=True)
class GanConfig:
    """steps: generator updates. batch: images a step. Rates are Adam's, decaying to zero."""

    steps: int = 9_000
    batch: int = 64
    critic_width: int = 48
    critic_steps: int = 1
    lr_generator: float = 2e-4
    lr_critic: float = 4e-4
    ema: float = 0.999
    bf16: bool = True
    seed: int = 0
    checkpoint_every: int = 500
    samples_every: int = 1_000


class GanTraining:
    """The state of one adversarial training: both networks, optimisers, random stream, clock."""

    def __init__(self, generator: Generator, data: ImageSet, config: GanConfig, device: str):
        if len(data) < config.batch:
            raise BenchError(f"{len(data)} images cannot fill one batch of {config.batch}")
        torch.manual_seed(config.seed)
        self.config, self.data, self.device = config, data, device
        self.generator = generator.to(device, memory_format=torch.channels_last).train()
        self.averaged = copy.deepcopy(self.generator).requires_grad_(False)
        critic = Discriminator(generator.image_shape, config.critic_width)
        self.critic = critic.to(device, memory_format=torch.channels_last)
        self.generator_optimiser = torch.optim.Adam(
            generator.parameters(), lr=config.lr_generator, betas=(0.0, 0.9)
        )
        self.critic_optimiser = torch.optim.Adam(
            critic.parameters(), lr=config.lr_critic, betas=(0.0, 0.9)
        )
        self.rng = torch.Generator().manual_seed(config.seed)
        self.step = 0
        self.seconds = 0.0

    def run(self, folder: Path) -> Generator:
        """Train to the configured step, from `folder`'s checkpoint if there is one.

        Writes `checkpoint.pt`, `samples/<step>.png` and TensorBoard scalars into `folder`; returns
        the generator of averaged weights, in eval mode.
        """
        self._resume(folder / "checkpoint.pt")
        writer = SummaryWriter(str(folder / "tensorboard"), purge_step=self.step)
        progress = Progress("training", self.config.steps, self.step)
        try:
            while self.step < self.config.steps:
                started = time.perf_counter()
                losses = self.advance()
                self.seconds += time.perf_counter() - started
                progress.update(self.step, losses)
                if self.step % 50 == 0:
                    for name, loss in losses.items():
                        writer.add_scalar(name, loss, self.step)
                last = self.step == self.config.steps
                if self.step % self.config.checkpoint_every == 0 or last:
                    save_checkpoint(folder / "checkpoint.pt", self.state())
                if self.step % self.config.samples_every == 0 or last:
                    self.save_samples(folder / "samples" / f"{self.step:06d}.png")
        finally:
            writer.close()
        return self.finished()

    def advance(self) -> dict[str, float]:
        """One update of the generator after `critic_steps` of the critic; returns both losses."""
        decay = 1.0 - self.step / self.config.steps
        _set_rate(self.generator_optimiser, self.config.lr_generator * decay)
        _set_rate(self.critic_optimiser, self.config.lr_critic * decay)
        for _ in range(self.config.critic_steps):
            critic_loss = self._update_critic()
        self.critic.requires_grad_(False)
        with self._autocast():
            generator_loss = -self.critic(self._fakes()).float().mean()
        _update(self.generator_optimiser, generator_loss)
        self.critic.requires_grad_(True)
        self.step += 1
        self._average()
        losses = {"critic": float(critic_loss), "generator": float(generator_loss.detach())}
        if not all(abs(loss) < 1e6 for loss in losses.values()):  # NaN fails this too
            raise BenchError(f"the training diverged at step {self.step}: {losses}")
        return losses

    def _update_critic(self) -> Tensor:
        rows = torch.randint(len(self.data), (self.config.batch,), generator=self.rng)
        reals = self.data.batch(rows).to(self.device, memory_format=torch.channels_last)
        with self._autocast():
            with torch.no_grad():
                fakes = self._fakes()
            scores = self.critic(torch.cat([reals, fakes.to(reals.dtype)])).float()  # (2n,)
        real_scores, fake_scores = scores.chunk(2)  # (n,), (n,)
        loss = F.relu(1.0 - real_scores).mean() + F.relu(1.0 + fake_scores).mean()
        _update(self.critic_optimiser, loss)
        return loss.detach()

    def _fakes(self) -> Tensor:
        latents = self.generator.sample(self.config.batch, self.rng)
        return self.generator(latents.to(self.device))  # (n, C, H, W)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.config.bf16)

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))  # young averages forget
        for mean, value in zip(
            self.averaged.parameters(), self.generator.parameters(), strict=True
        ):
            mean.lerp_(value, 1.0 - keep)

    @torch.no_grad()
    def finished(self) -> Generator:
        """The averaged generator in eval mode, its batch-norm statistics measured anew.

        The statistics that training collects belong to the newest weights, not to their average.
        """
        generator = copy.deepcopy(self.averaged).train()
        for layer in generator.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.reset_running_stats()
                layer.momentum = None  # a plain mean over all batches
        rng = torch.Generator().manual_seed(0)
        for _ in range(0, CALIBRATION_LATENTS, 256):
            generator(generator.sample(256, rng).to(self.device))
        return generator.eval()

    def save_samples(self, path: Path) -> None:
        """A sheet of 100 samples, the same latents each time."""
        latents = self.averaged.sample(100, torch.Generator().manual_seed(1))
        with torch.no_grad():
            images = self.finished()(latents.to(self.device))  # (100, C, H, W)
        path.parent.mkdir(parents=True, exist_ok=True)
        contact_sheet(images, columns=10).save(path)

    def state(self) -> dict[str, object]:
        """All that a continued training needs; tensors and plain numbers only."""
        return {
            "config": asdict(self.config),
            "step": self.step,
            "seconds": self.seconds,
            "generator": self.generator.state_dict(),
            "averaged": self.averaged.state_dict(),
            "critic": self.critic.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
            "rng": self.rng.get_state(),
        }

    def _resume(self, path: Path) -> None:
        state = load_checkpoint(path)
        if state is None:
            return
        differing = [k for k, v in asdict(self.config).items() if state["config"].get(k) != v]
        if differing:
            raise BenchError(
                f"{path} was trained with another {', '.join(differing)}; "
                "give the same settings to continue it, or another folder to start over"
            )
        for name in (
            "generator", "averaged", "critic", "generator_optimiser", "critic_optimiser",
        ):  # fmt: skip
            getattr(self, name).load_state_dict(state[name])
        self.rng.set_state(state["rng"])
        self.step, self.seconds = state["step"], state["seconds"]


def _update(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
