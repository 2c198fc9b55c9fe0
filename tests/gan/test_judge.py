"""The judge learns what it is given, keeps it in a file, and knows when the file is not its own."""

from pathlib import Path

import pytest
import torch

from benchmark.gan.images import ImageSet
from benchmark.gan.judge import Judge, trained_judge


def test_it_learns_the_classes(train: ImageSet, test: ImageSet, tmp_path: Path) -> None:
    judge = trained_judge(train, test, tmp_path / "judge.safetensors")
    assert judge.accuracy > 0.97
    probabilities, features = judge.look_at_all(test)
    assert probabilities.shape == (300, 3)
    assert features.shape == (300, 128)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(300))
    by_hand = judge(test.batch(torch.arange(300))).softmax(dim=1)
    torch.testing.assert_close(probabilities, by_hand)


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


def test_images_without_classes_are_told_by_how_they_are_turned(
    train: ImageSet, test: ImageSet, tmp_path: Path
) -> None:
    plain = ImageSet(train.images, None), ImageSet(test.images, None)
    judge = trained_judge(*plain, tmp_path / "judge.safetensors")
    assert not judge.by_class
    assert judge.classes == 4
    assert judge.accuracy > 0.45  # chance is a quarter; it cannot tell above from turned below
    assert trained_judge(train, test, tmp_path / "other.safetensors").by_class


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 32), (3, 64, 48)])
def test_images_of_any_shape(shape: tuple[int, int, int]) -> None:
    judge = Judge(shape, classes=5).eval()
    assert judge(torch.zeros(2, *shape)).shape == (2, 5)
