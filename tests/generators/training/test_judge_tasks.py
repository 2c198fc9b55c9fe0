"""Tasks: the losses and accuracies against plain loops in float64."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.generators.training.attributes import Attributes
from benchmark.generators.training.judge_tasks import Classes, Contrast, HasAttributes, task_for
from benchmark.generators.training.real_images import ImageSet

RNG = torch.Generator().manual_seed(0)
IMAGES = torch.randint(0, 256, (6, 3, 8, 8), generator=RNG, dtype=torch.uint8)
ANSWERS = Attributes(("A", "B"), torch.tensor([[1, 0]] * 4 + [[0, 0]] * 2).bool())
CLASSES = torch.tensor([0, 1, 2, 2, 2, 1])


def test_the_most_telling_task_is_chosen() -> None:
    plain, named = ImageSet(IMAGES, None), ImageSet(IMAGES, None, ANSWERS)
    both = ImageSet(IMAGES, CLASSES, ANSWERS)
    assert task_for(both, both) == Classes(3)
    assert task_for(named, named) == HasAttributes(("A", "B"))
    assert task_for(both, named) == HasAttributes(("A", "B"))
    assert task_for(plain, plain) == task_for(named, plain) == Contrast()


def test_the_contrast_loss_against_a_loop_over_pairs() -> None:
    drawn = torch.randn(12, 5, generator=RNG, dtype=torch.float64)

    def network(images: Tensor) -> Tensor:
        assert images.shape == (12, 3, 8, 8)  # both views of all six
        return drawn

    task = Contrast(temperature=0.3)
    found = task.loss(network, ImageSet(IMAGES, None), torch.Generator())
    rows = [[value / math.sqrt(sum(v * v for v in row)) for value in row] for row in drawn.tolist()]

    def likeness(i: int, j: int) -> float:
        return math.exp(sum(a * b for a, b in zip(rows[i], rows[j], strict=True)) / 0.3)

    losses = [
        -math.log(likeness(i, (i + 6) % 12) / sum(likeness(i, j) for j in range(12) if j != i))
        for i in range(12)
    ]
    assert float(found) == pytest.approx(sum(losses) / 12, rel=1e-12)


def test_knowing_again_counts_whole_groups() -> None:
    """A network that tells each image by its mean colour, on images far apart in it; and one that
    tells nothing apart, which finds the first of each group alone."""
    levels = torch.tensor([0, 80, 160, 255], dtype=torch.uint8)
    images = levels[torch.cartesian_prod(*[torch.arange(4)] * 3)][:, :, None, None]  # (64, 3, 1, 1)
    data = ImageSet(images.expand(64, 3, 8, 8).contiguous()[:60], None)
    task = Contrast(among=16)
    blind = task.accuracy(lambda x: torch.ones(len(x), 2), data)
    assert blind == pytest.approx(1 / 16)
    assert task.guess(data, data) == 1 / 16
    seen = task.accuracy(lambda x: torch.cat([x.mean((2, 3)), torch.ones(len(x), 1)], 1), data)
    assert seen > 5 / 16
    sizes: list[int] = []
    task.accuracy(lambda x: (sizes.append(len(x)), torch.ones(len(x), 2))[1], data)
    assert sizes == [16] * 6  # two views of three groups; twelve images sit out
    assert Contrast().guess(data, data) == 1 / 60
    assert Contrast().accuracy(lambda x: torch.ones(len(x), 2), data) == pytest.approx(1 / 60)


def test_attributes_against_a_loop() -> None:
    logits = torch.randn(6, 2, generator=RNG, dtype=torch.float64)
    data = ImageSet(IMAGES, None, ANSWERS)
    task = HasAttributes(("A", "B"), shift=0)
    found = task.loss(lambda x: logits, data, torch.Generator())
    total, right, sure = 0.0, 0, 0.0
    yes = [0.0, 0.0]
    for row, answers in zip(logits.tolist(), ANSWERS.values.tolist(), strict=True):
        for k, (logit, answer) in enumerate(zip(row, answers, strict=True)):
            p = 1 / (1 + math.exp(-logit))
            total -= math.log(p if answer else 1 - p)
            right += (p > 0.5) == answer
            sure += max(p, 1 - p)
            yes[k] += p
    assert float(found) == pytest.approx(total / 12)
    assert task.accuracy(lambda x: logits, data) == pytest.approx(right / 12)
    confidence, shares = task.seen(logits)
    assert confidence == pytest.approx(sure / 12)
    assert shares == pytest.approx([count / 6 for count in yes])
    assert task.guess(data, data) == pytest.approx((4 / 6 + 1) / 2)


def test_classes_against_a_loop() -> None:
    logits = torch.randn(6, 3, generator=RNG, dtype=torch.float64)
    data = ImageSet(IMAGES, CLASSES)
    task = Classes(3, shift=0)
    found = task.loss(lambda x: logits, data, torch.Generator())
    total, sure, counts, right = 0.0, 0.0, [0, 0, 0], 0
    for row, label in zip(logits.tolist(), CLASSES.tolist(), strict=True):
        p = [math.exp(v) / sum(map(math.exp, row)) for v in row]
        total -= math.log(p[label])
        sure += max(p)
        counts[p.index(max(p))] += 1
        right += p.index(max(p)) == label
    assert float(found) == pytest.approx(total / 6)
    assert task.accuracy(lambda x: logits, data) == pytest.approx(right / 6)
    confidence, shares = task.seen(logits)
    assert confidence == pytest.approx(sure / 6)
    assert shares == tuple(count / 6 for count in counts)
    assert task.guess(data, data.rows(torch.tensor([0, 1, 2, 3]))) == 0.5


def test_a_class_batch_is_moved_by_up_to_two_pixels() -> None:
    image = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    image[0, 0, 4, 4] = 255
    places = set()

    def network(pixels: Tensor) -> Tensor:
        (place,) = (pixels[0, 0] > 0).nonzero().tolist()
        places.add(tuple(place))
        assert float(pixels.sum()) == -80 + 1  # black comes in
        return torch.zeros(1, 2)

    rng = torch.Generator().manual_seed(0)
    for _ in range(300):
        Classes(2).loss(network, ImageSet(image, torch.tensor([1])), rng)
    assert places == {(y, x) for y in range(2, 7) for x in range(2, 7)}
