"""A small network trained on real images, to judge what a generator makes.

Its outputs say what a sample shows, where the images come with classes or attributes; the features
before its last layer are the space in which Frechet distances are measured. Those of the bundled
generators' data come with the suite, each with a card; `training` makes them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.core.storage import write_atomically

FEATURES = 128
BUNDLED = Path(__file__).parent / "judges"
Kind = Literal["classes", "attributes"]


class Judge(nn.Module):
    """(n, C, H, W) images in [-1, 1] -> (n, outputs), by way of (n, 128) features."""

    def __init__(self, image_shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        channels, *self.sides = image_shape
        self.features = nn.Sequential(
            *_halving(channels, 24),
            *_halving(24, 48),
            *_halving(48, 96),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(96 * 4 * 4, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(self._here(images)))  # (n, outputs)

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs (n, outputs) and features (n, 128) of (n, C, H, W) images in [-1, 1]."""
        features = self.features(self._here(images))  # (n, 128)
        return self.head(features).cpu(), features.cpu()

    def _here(self, images: Tensor) -> Tensor:
        """The images on the judge's device, brought to its size if they have another."""
        if list(images.shape[2:]) != self.sides:
            images = F.interpolate(images, self.sides)  # (n, C, H, W)
        return images.to(self.head.weight.device, memory_format=torch.channels_last)


@dataclass(frozen=True)
class NamingJudge:
    """A judge whose outputs have names.

    kind: `classes`, of which an image shows one, or `attributes`, each of which it may have.
    """

    network: Judge
    names: tuple[str, ...]
    kind: Kind

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> Tensor:
        """(n, a) float64 on the CPU: how likely each of (n, C, H, W) images shows each name."""
        outputs = self.network(images).double()  # (n, a)
        found = outputs.softmax(dim=1) if self.kind == "classes" else outputs.sigmoid()
        return found.cpu()  # (n, a)


def save_judge(judge: NamingJudge, shape: tuple[int, int, int], path: Path) -> None:
    """Write float16 safetensors, statistics of batch norm in float32. shape: of its images."""
    tensors = {
        name: value.to("cpu", torch.float32 if "running_" in name else torch.float16).contiguous()
        for name, value in judge.network.state_dict().items()
        if value.is_floating_point()
    }
    content = {"names": judge.names, "kind": judge.kind, "shape": shape}
    header = {"judge": json.dumps(content)}  # one entry, as several have no fixed order
    write_atomically(path, lambda part: save_file(tensors, part, header))


def load_judge(path: Path) -> NamingJudge:
    """What `save_judge` wrote, in eval mode. Raises BenchError where it is not that."""
    try:
        with safe_open(path, "pt") as file:
            content = json.loads((file.metadata() or {})["judge"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        names, shape = tuple(content["names"]), tuple(content["shape"])
        network = Judge(shape, len(names))
        lacking = network.load_state_dict(tensors, strict=False)  # copies into float32
        if lacking.unexpected_keys or any("num_batches" not in n for n in lacking.missing_keys):
            raise KeyError("other weights than a judge has")
    except (SafetensorError, RuntimeError, OSError, KeyError, ValueError, TypeError) as error:
        raise BenchError(f"{path} holds no judge: {' '.join(str(error).split())}") from error
    network.eval().requires_grad_(False)
    return NamingJudge(network, names, content["kind"])


def judge_of(data: str) -> NamingJudge | None:
    """The bundled judge of a data set, by its name; None where there is none."""
    path = BUNDLED / f"{data}.safetensors"
    return load_judge(path) if data and path.exists() else None


def _halving(channels_in: int, channels_out: int) -> list[nn.Module]:
    """(n, in, h, w) -> (n, out, h/2, w/2)."""
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
