"""What a judge learns on real images: their classes, their attributes, or to know one again.

A task has `outputs`, the numbers that a network gives for an image, and `names`, what can be read
from them; `epochs` and `batch` of the training, and the `loss` on a batch; the `accuracy` of a
finished network on held-out images, and that of a `guess` without a look at them, both from 0 to 1;
and what is `seen` in images by their (n, outputs): how sure the network is, from 0 to 1, and the
share of the images that show each name. All settings of a task are in its `repr`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.seeds import stream
from benchmark.generators.training.augmentation import view
from benchmark.generators.training.real_images import ImageSet

Network = Callable[[Tensor], Tensor]  # (n, C, H, W) images in [-1, 1] -> (n, outputs)
AT_ONCE = 500  # images in one forward pass without gradients


@dataclass(frozen=True)
class Classes:
    """Which of the classes is it? Cross-entropy on shifted images."""

    outputs: int
    epochs: int = 4
    batch: int = 128
    shift: int = 2  # pixels by which a training batch is moved at most

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.outputs)))

    def loss(self, network: Network, batch: ImageSet, rng: torch.Generator) -> Tensor:
        logits = network(shifted(batch.pixels(), self.shift, rng))  # (n, classes)
        return F.cross_entropy(logits, _labels(batch).to(logits.device))

    def accuracy(self, network: Network, test: ImageSet) -> float:
        chosen = outputs_of(network, test).argmax(dim=1)  # (n,)
        return float((chosen == _labels(test)).double().mean())

    def guess(self, train: ImageSet, test: ImageSet) -> float:
        """The accuracy of always naming the class most frequent in training."""
        most = _labels(train).bincount().argmax()
        return float((_labels(test) == most).double().mean())

    def seen(self, outputs: Tensor) -> tuple[float, tuple[float, ...]]:
        """The mean top probability; each image shows its most probable class."""
        probabilities = outputs.double().softmax(dim=1)  # (n, classes)
        counts = probabilities.argmax(dim=1).bincount(minlength=self.outputs)  # (classes,)
        shares = counts.double() / len(outputs)
        return float(probabilities.amax(dim=1).mean()), tuple(shares.tolist())


@dataclass(frozen=True)
class HasAttributes:
    """Which of the attributes does the image have? Binary cross-entropy for each, on shifted
    images."""

    names: tuple[str, ...]
    epochs: int = 8  # there are fewer images than where there are classes
    batch: int = 128
    shift: int = 2  # as above

    @property
    def outputs(self) -> int:
        return len(self.names)

    def loss(self, network: Network, batch: ImageSet, rng: torch.Generator) -> Tensor:
        logits = network(shifted(batch.pixels(), self.shift, rng))  # (n, a)
        return F.binary_cross_entropy_with_logits(logits, _answers(batch).to(logits))

    def accuracy(self, network: Network, test: ImageSet) -> float:
        """The accuracy, a mean over the attributes."""
        return float(((outputs_of(network, test) > 0) == _answers(test)).double().mean())

    def guess(self, train: ImageSet, test: ImageSet) -> float:
        """The accuracy of giving each attribute the answer most frequent in training."""
        usual = _answers(train).double().mean(dim=0) > 0.5  # (a,)
        return float((_answers(test) == usual).double().mean())

    def seen(self, outputs: Tensor) -> tuple[float, tuple[float, ...]]:
        """The mean probability of the likelier answer; a share is the mean probability of yes,
        since rare attributes are seldom likelier than not."""
        yes = outputs.double().sigmoid()  # (n, a)
        return float(torch.maximum(yes, 1 - yes).mean()), tuple(yes.mean(dim=0).tolist())


@dataclass(frozen=True)
class Contrast:
    """Which is another view of the same image? (SimCLR, Chen et al., ICML 2020.)

    Each image of a batch is seen twice, cut, mirrored and coloured anew; each view shall be nearer,
    by the cosine, to its twin than to the views of all others, at this temperature.
    """

    outputs: int = 64
    epochs: int = 3
    batch: int = 256
    temperature: float = 0.2
    least: float = 0.6  # of the side; milder than for scenes: where a face's parts lie shall count
    jitter: float = 0.4
    among: int = 256  # held-out images among which the twin is looked for

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    def loss(self, network: Network, batch: ImageSet, rng: torch.Generator) -> Tensor:
        pixels = batch.pixels()
        n = len(pixels)
        outputs = network(torch.cat([self._view(pixels, rng) for _ in range(2)]))  # (2n, outputs)
        units = F.normalize(outputs, dim=1)
        likeness = units @ units.T / self.temperature  # (2n, 2n)
        likeness.fill_diagonal_(float("-inf"))  # no view is its own twin
        twins = torch.arange(2 * n, device=outputs.device).roll(n)  # (2n,)
        return F.cross_entropy(likeness, twins)

    def accuracy(self, network: Network, test: ImageSet) -> float:
        """The share of images whose second view is the nearest to the first among 256; the images
        left over after the last 256 sit out."""
        rng = stream("judge", "views")
        among = min(self.among, len(test))
        found = 0
        starts = range(0, len(test) - among + 1, among)
        for start in starts:
            pixels = test.rows(torch.arange(start, start + among)).pixels()
            first, second = (F.normalize(network(self._view(pixels, rng)), dim=1) for _ in range(2))
            nearest = (first @ second.T).argmax(dim=1).cpu()  # (among,)
            found += int((nearest == torch.arange(among)).sum())
        return found / (len(starts) * among)

    def guess(self, train: ImageSet, test: ImageSet) -> float:
        return 1 / min(self.among, len(test))

    def seen(self, outputs: Tensor) -> tuple[None, tuple[float, ...]]:
        """No names, since the task has none."""
        return None, ()

    def _view(self, pixels: Tensor, rng: torch.Generator) -> Tensor:
        return view(pixels, self.least, self.jitter, rng)  # (n, C, H, W)


Task = Classes | HasAttributes | Contrast


def task_for(train: ImageSet, test: ImageSet) -> Task:
    """The most telling task that the images allow: classes, else attributes, else contrast."""
    if train.labels is not None and test.labels is not None:
        return Classes(int(train.labels.max()) + 1)
    if train.attributes is not None and test.attributes is not None:
        return HasAttributes(train.attributes.names)
    return Contrast()


def outputs_of(network: Network, data: ImageSet) -> Tensor:
    """(n, outputs) for every image of a set, on the CPU."""
    rows = torch.arange(len(data)).split(AT_ONCE)
    return torch.cat([network(data.batch(part)).cpu() for part in rows])


def shifted(images: Tensor, most: int, rng: torch.Generator) -> Tensor:
    """(n, C, H, W) images, all moved by one random offset; black comes in from the edge."""
    down, right = torch.randint(2 * most + 1, (2,), generator=rng).tolist()
    padded = F.pad(images, (most,) * 4, value=-1.0)  # (n, C, H + 2 most, W + 2 most)
    height, width = images.shape[2:]
    return padded[:, :, down : down + height, right : right + width]


def _labels(data: ImageSet) -> Tensor:
    assert data.labels is not None
    return data.labels


def _answers(data: ImageSet) -> Tensor:
    assert data.attributes is not None
    return data.attributes.values
