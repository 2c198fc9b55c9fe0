"""Trains a judge on real images, or reads one that was trained on the same."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.device import has_bfloat16
from benchmark.core.progress import Progress
from benchmark.core.seeds import derive_seed, stream
from benchmark.core.storage import write_atomically
from benchmark.generators.judge import Judge
from benchmark.generators.training.judge_tasks import AT_ONCE, Task, task_for
from benchmark.generators.training.real_images import ImageSet

PEAK_RATE = 3e-3  # of a one-cycle schedule


class TrainedJudge(Judge):
    """A judge with its task.

    accuracy: of its task, on the real test images. guess: the same for one who answers without a
    look.
    """

    accuracy: float
    guess: float

    def __init__(self, image_shape: tuple[int, int, int], task: Task) -> None:
        super().__init__(image_shape, task.outputs)
        self.task = task

    def look_at_all(self, data: ImageSet) -> tuple[Tensor, Tensor]:
        """Outputs and features of every image of a set."""
        rows = torch.arange(len(data)).split(AT_ONCE)
        outputs, features = zip(*(self.look(data.batch(part)) for part in rows), strict=True)
        return torch.cat(outputs), torch.cat(features)


def trained_judge(
    train: ImageSet, test: ImageSet, path: Path, device: str = "cpu", epochs: int | None = None
) -> TrainedJudge:
    """A judge of `train` in eval mode: read from `path`, or trained and put there.

    It learns what the images allow: classes, attributes, or to know an image again. A file made
    for other images or another task, or damaged, is replaced. Its accuracy is that on `test`.
    epochs: in place of the task's.
    """
    task = task_for(train, test)
    task = task if epochs is None else replace(task, epochs=epochs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed("judge"))
        judge = TrainedJudge(train.shape, task)
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


def _fit(judge: TrainedJudge, train: ImageSet, device: str) -> None:
    """By the task's loss, a one-cycle learning rate, and bfloat16 on a device that has it."""
    judge.train()
    rng = stream("judge", "batches")
    batch = min(judge.task.batch, len(train))
    per_epoch = len(train) // batch
    steps = judge.task.epochs * per_epoch
    optimiser = torch.optim.Adam(judge.parameters(), lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    progress = Progress("judge", steps)

    def network(images: Tensor) -> Tensor:
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=has_bfloat16(device)):
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


def _read(judge: TrainedJudge, path: Path, origin: dict[str, str]) -> bool:
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
