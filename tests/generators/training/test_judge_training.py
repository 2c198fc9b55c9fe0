"""The judge learns what it is given, keeps it in a file, and knows when the file is not its own."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from benchmark.generators.training.attributes import Attributes
from benchmark.generators.training.judge_tasks import Classes, Contrast, HasAttributes
from benchmark.generators.training.judge_training import TrainedJudge, trained_judge
from benchmark.generators.training.real_images import ImageSet


def test_it_learns_the_classes(train: ImageSet, test: ImageSet, tmp_path: Path) -> None:
    judge = trained_judge(train, test, tmp_path / "judge.safetensors")
    assert judge.accuracy > 0.97
    assert judge.guess == pytest.approx(1 / 3)
    outputs, features = judge.look_at_all(test)
    assert outputs.shape == (300, 3)
    assert features.shape == (300, 128)
    torch.testing.assert_close(outputs, judge(test.pixels()))
    torch.testing.assert_close(outputs, judge.head(features))


def test_its_accuracy_is_that_on_the_test_images(
    train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    assert test.labels is not None
    wrong = ImageSet(test.images, torch.where(torch.arange(300) < 75, test.labels, 7))
    path = tmp_path / "judge.safetensors"
    right = trained_judge(train, test, path).accuracy
    assert right > 0.97
    assert trained_judge(train, wrong, path).accuracy == pytest.approx(right / 4, abs=0.01)


def test_noise_has_no_classes_to_learn(train: ImageSet, test: ImageSet, tmp_path: Path) -> None:
    noise = ImageSet(torch.randint_like(train.images, 256), train.labels)
    judge = trained_judge(noise, test, tmp_path / "judge.safetensors")
    assert judge.accuracy < 0.6


def test_the_file_is_read_and_not_trained_again(
    train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "judge.safetensors"
    first = trained_judge(train, test, path)
    written = path.stat().st_mtime_ns
    second = trained_judge(train, test, path)
    assert path.stat().st_mtime_ns == written
    images = test.batch(torch.arange(10))
    assert torch.equal(first(images), second(images))


def test_the_file_of_other_images_is_replaced(
    train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "judge.safetensors"
    assert train.labels is not None
    relabelled = ImageSet(train.images, (train.labels + 1) % 3)
    assert trained_judge(relabelled, test, path).accuracy < 0.05
    assert trained_judge(train, test, path).accuracy > 0.97


@pytest.mark.parametrize("kept", [0, 100, 100_000])
def test_a_damaged_file_is_replaced(
    kept: int, train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "judge.safetensors"
    trained_judge(train, test, path)
    path.write_bytes(path.read_bytes()[:kept])
    assert trained_judge(train, test, path).accuracy > 0.97
    assert path.stat().st_size > 100_000


def test_the_file_of_another_task_is_replaced(
    train: ImageSet, test: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "judge.safetensors"
    trained_judge(train, test, path)
    written = path.stat().st_mtime_ns
    longer = Classes(3, epochs=5)
    monkeypatch.setattr(
        "benchmark.generators.training.judge_training.task_for", lambda train, test: longer
    )
    assert trained_judge(train, test, path).task == longer
    assert path.stat().st_mtime_ns != written


def test_the_file_of_an_earlier_version_is_replaced(
    train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    path = tmp_path / "judge.safetensors"
    trained_judge(train, test, path)
    save_file(load_file(path), path, {"images": train.fingerprint()})  # no task is named
    written = path.stat().st_mtime_ns
    trained_judge(train, test, path)
    assert path.stat().st_mtime_ns != written


def test_it_learns_the_attributes(train: ImageSet, test: ImageSet, tmp_path: Path) -> None:
    """Attributes that say whether the bar is on top or below, and one that no image has."""
    judge = trained_judge(top_and_below(train), top_and_below(test), tmp_path / "judge.safetensors")
    assert judge.task == HasAttributes(("top", "below", "never"))
    assert judge.accuracy > 0.97
    assert judge.guess == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    outputs, _ = judge.look_at_all(test)
    confidence, shares = judge.task.seen(outputs)
    assert shares == pytest.approx((1 / 3, 1 / 3, 0), abs=0.03)
    assert confidence is not None
    assert confidence > 0.95


def test_it_learns_to_know_an_image_again(tmp_path: Path) -> None:
    train, test = blobs(900, seed=0), blobs(300, seed=1)
    judge = trained_judge(train, test, tmp_path / "judge.safetensors")
    assert judge.task == Contrast()
    assert judge.guess == 1 / 256
    assert judge.accuracy > 20 * judge.guess
    again = trained_judge(train, test, tmp_path / "judge.safetensors")
    assert again.accuracy == judge.accuracy  # the same views each time
    assert judge.task.seen(judge.look_at_all(test)[0]) == (None, ())


def top_and_below(data: ImageSet) -> ImageSet:
    assert data.labels is not None
    place = data.labels
    values = torch.stack([place == 0, place == 2, place < 0], dim=1)
    return ImageSet(data.images, None, Attributes(("top", "below", "never"), values))


def blobs(n: int, seed: int) -> ImageSet:
    """n smooth colour images of 16 x 16 pixels, no two alike."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 3, 3, generator=rng)
    smooth = F.interpolate(coarse, size=16, mode="bilinear")  # (n, 3, 16, 16)
    return ImageSet((255 * smooth).to(torch.uint8), None)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 32), (3, 64, 48)])
def test_images_of_any_shape(shape: tuple[int, int, int]) -> None:
    judge = TrainedJudge(shape, Classes(5)).eval()
    assert judge(torch.zeros(2, *shape)).shape == (2, 5)


def test_smaller_images_are_enlarged() -> None:
    judge = TrainedJudge((3, 16, 16), Classes(5)).eval()
    small = torch.randn(2, 3, 8, 8)
    enlarged = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(judge.look(small)[1], judge.look(enlarged)[1])
