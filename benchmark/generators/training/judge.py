"""A small network trained on real images, to judge what a generator makes.

Its outputs say what a sample shows, where the images come with classes or attributes; the features
before its last layer are the space in which Frechet distances are measured.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.progress import Progress
from benchmark.core.seeds import derive_seed, stream
from benchmark.core.storage import write_atomically
from benchmark.generators.training.judge_tasks import AT_ONCE, Task, task_for
from benchmark.generators.training.real_images import ImageSet

FEATURES = 128
PEAK_RATE = 3e-3  # of a one-cycle schedule


class Judge(nn.Module):
    """(n, C, H, W) images in [-1, 1] -> (n, outputs), by way of (n, 128) features."""

    accuracy: float  # of its task, on the real test images
    guess: float  # the same for one who answers without a look

    def __init__(self, image_shape: tuple[int, int, int], task: Task) -> None:
        super().__init__()
        channels, *self.sides = image_shape
        self.task = task
        self.features = nn.Sequential(
            *_halving(channels, 24),
            *_halving(24, 48),
            *_halving(48, 96),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(96 * 4 * 4, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, task.outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(self._here(images)))  # (n, outputs)

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs (n, outputs) and features (n, 128) of (n, C, H, W) images in [-1, 1]."""
        features = self.features(self._here(images))  # (n, 128)
        return self.head(features).cpu(), features.cpu()

    def look_at_all(self, data: ImageSet) -> tuple[Tensor, Tensor]:
        """Outputs and features of every image of a set."""
        rows = torch.arange(len(data)).split(AT_ONCE)
        outputs, features = zip(*(self.look(data.batch(part)) for part in rows), strict=True)
        return torch.cat(outputs), torch.cat(features)

    def _here(self, images: Tensor) -> Tensor:
        """The images on the judge's device, enlarged to its size if they are smaller."""
        if list(images.shape[2:]) != self.sides:
            images = F.interpolate(images, self.sides)  # (n, C, H, W)
        return images.to(self.head.weight.device, memory_format=torch.channels_last)


def trained_judge(train: ImageSet, test: ImageSet, path: Path, device: str = "cpu") -> Judge:
    """A judge of `train` in eval mode: read from `path`, or trained and put there.

    It learns what the images allow: classes, attributes, or to know an image again. A file made
    for other images or another task, or damaged, is replaced. Its accuracy is that on `test`.
    """
    task = task_for(train, test)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed("judge"))
        judge = Judge(train.shape, task)
    # torch's type stub of `to` lacks memory_format.
    judge.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    origin = {"images": train.fingerprint(), "task": repr(task)}
    if not _read(judge, path, origin):
        _fit(judge, train, device)
        tensors = {name: value.contiguous() for name, value in judge.state_dict().items()}
        write_atomically(path, lambda part: save_file(tensors, part, origin))
    judge.eval().requires_grad_(False)
    judge.accuracy, judge.guess = task.accuracy(judge, test), task.guess(train, test)
    return judge


def _fit(judge: Judge, train: ImageSet, device: str) -> None:
    """Train with the task's loss, a one-cycle learning rate, and bfloat16 where that is faster."""
    judge.train()
    rng = stream("judge", "batches")
    batch = min(judge.task.batch, len(train))
    per_epoch = len(train) // batch
    steps = judge.task.epochs * per_epoch
    optimiser = torch.optim.Adam(judge.parameters(), lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    progress = Progress("judge", steps)

    def network(images: Tensor) -> Tensor:
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            outputs: Tensor = judge(images)  # (n, outputs)
        return outputs.float()

    for step in range(steps):
        if step % per_epoch == 0:
            order = torch.randperm(len(train), generator=rng)
        start = step % per_epoch * batch
        loss = judge.task.loss(network, train.rows(order[start : start + batch]), rng)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        progress.update(step + 1, {"loss": float(loss.detach())})


def _halving(channels_in: int, channels_out: int) -> list[nn.Module]:
    """(n, in, h, w) -> (n, out, h/2, w/2)."""
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def _read(judge: Judge, path: Path, origin: dict[str, str]) -> bool:
    """Fill `judge` from `path` if that holds a judge of this origin."""
    if not path.exists():
        return False
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}) != origin:
                return False
            names = file.keys()
            judge.load_state_dict({name: file.get_tensor(name) for name in names})
    except (SafetensorError, RuntimeError, OSError):
        return False
    return True
