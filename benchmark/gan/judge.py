"""A small classifier trained on real images, to judge what a generator makes.

Its class probabilities say how clear a sample is and which classes are made; the features before
its last layer are the space in which Frechet distances are measured. Images without classes are
told apart by how far they were turned, which serves the features as well.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.gan.images import ImageSet
from benchmark.progress import Progress
from benchmark.seeds import derive_seed, stream
from benchmark.storage import write_atomically

FEATURES = 128
EPOCHS = 4
BATCH = 128
PEAK_RATE = 3e-3  # of a one-cycle schedule
SHIFT = 2  # pixels by which a training batch is moved at most
AT_ONCE = 500  # images in one forward pass of the finished judge


class Judge(nn.Module):
    """(n, C, H, W) images in [-1, 1] -> (n, classes) logits, by way of (n, 128) features."""

    accuracy: float  # share of the real test images it names right
    by_class: bool  # else by how far an image was turned

    def __init__(self, image_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels = image_shape[0]
        self.classes = classes
        self.features = nn.Sequential(
            *_halving(channels, 24),
            *_halving(24, 48),
            *_halving(48, 96),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(96 * 4 * 4, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))  # (n, classes)

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (n, classes) and features (n, 128) of (n, C, H, W) images in [-1, 1]."""
        features = self.features(images.to(self.head.weight.device))  # (n, 128)
        return self.head(features).softmax(dim=1).cpu(), features.cpu()

    def look_at_all(self, data: ImageSet) -> tuple[Tensor, Tensor]:
        """The same for every image of a set."""
        rows = torch.arange(len(data))
        looks = [
            self.look(data.batch(rows[start : start + AT_ONCE]))
            for start in range(0, len(data), AT_ONCE)
        ]
        probabilities, features = zip(*looks, strict=True)
        return torch.cat(probabilities), torch.cat(features)


def trained_judge(train: ImageSet, test: ImageSet, path: Path, device: str = "cpu") -> Judge:
    """A judge of `train`'s classes in eval mode: read from `path`, or trained and put there.

    Where the images carry no classes, it learns to tell by how many quarters they were turned. A
    file made for other images, or damaged, is replaced. `judge.accuracy` is measured on `test`.
    """
    by_class = train.labels is not None and test.labels is not None
    if not by_class:
        train, test = train.turned(), test.turned()
    assert train.labels is not None
    assert test.labels is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed("judge"))
        judge = Judge(train.shape, int(train.labels.max()) + 1)
    judge.by_class = by_class
    # torch's type stub of `to` lacks memory_format.
    judge.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    fingerprint = train.fingerprint()
    if not _read(judge, path, fingerprint):
        _fit(judge, train, device)
        tensors = {name: value.contiguous() for name, value in judge.state_dict().items()}
        write_atomically(path, lambda part: save_file(tensors, part, {"images": fingerprint}))
    judge.eval().requires_grad_(False)
    probabilities, _ = judge.look_at_all(test)
    judge.accuracy = float((probabilities.argmax(dim=1) == test.labels).double().mean())
    return judge


def _fit(judge: Judge, train: ImageSet, device: str) -> None:
    """Cross-entropy on shifted images, one-cycle learning rate, bfloat16 where it pays."""
    assert train.labels is not None
    judge.train()
    rng = stream("judge", "batches")
    batch = min(BATCH, len(train))
    per_epoch = len(train) // batch
    steps = EPOCHS * per_epoch
    optimiser = torch.optim.Adam(judge.parameters(), lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    progress = Progress("judge", steps)
    for step in range(steps):
        if step % per_epoch == 0:
            order = torch.randperm(len(train), generator=rng)
        start = step % per_epoch * batch
        rows = order[start : start + batch]
        images = _shifted(train.batch(rows), rng)  # (n, C, H, W)
        images = images.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            logits = judge(images)  # (n, classes)
        loss = F.cross_entropy(logits.float(), train.labels[rows].to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        progress.update(step + 1, {"loss": float(loss.detach())})


def _shifted(images: Tensor, rng: torch.Generator) -> Tensor:
    """(n, C, H, W) images, all moved by one random offset; black comes in from the edge."""
    down, right = torch.randint(2 * SHIFT + 1, (2,), generator=rng).tolist()
    padded = F.pad(images, (SHIFT,) * 4, value=-1.0)  # (n, C, H + 2 SHIFT, W + 2 SHIFT)
    height, width = images.shape[2:]
    return padded[:, :, down : down + height, right : right + width]


def _halving(channels_in: int, channels_out: int) -> list[nn.Module]:
    """(n, in, h, w) -> (n, out, h/2, w/2)."""
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def _read(judge: Judge, path: Path, fingerprint: str) -> bool:
    """Fill `judge` from `path` if that holds a judge made for these images."""
    if not path.exists():
        return False
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("images") != fingerprint:
                return False
            names = file.keys()
            judge.load_state_dict({name: file.get_tensor(name) for name in names})
    except (SafetensorError, RuntimeError, OSError):
        return False
    return True
