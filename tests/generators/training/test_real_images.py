"""Loading real images: the same pixels whatever they come in."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.core.errors import BenchError
from benchmark.generators.training.attributes import Attributes
from benchmark.generators.training.real_images import Crop, ImageSet, load_images

from .digits import DIGITS, LABELS, as_folder, as_npz, png


def test_every_source_gives_the_same_padded_digits_and_labels(source: Path) -> None:
    data = load_images(source, (1, 32, 32))

    expected = np.zeros((6, 1, 32, 32), np.uint8)
    expected[:, 0, 2:30, 2:30] = DIGITS
    assert data.images.dtype == torch.uint8
    np.testing.assert_array_equal(data.images.numpy(), expected)
    assert data.labels is not None
    assert data.labels.tolist() == LABELS.tolist()


def test_a_batch_lies_between_minus_one_and_one() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    batch = ImageSet(images, None).batch(torch.tensor([2, 0, 1]))
    torch.testing.assert_close(batch.flatten(), torch.tensor([1.0, -1.0, -0.6]))


def test_the_test_split_is_another_set(tmp_path: Path) -> None:
    folder = as_folder(tmp_path / "digits")
    as_folder(folder, prefix="test")
    (folder / "test" / "class2" / "5.png").unlink()
    assert len(load_images(folder, (1, 28, 28))) == 6
    assert len(load_images(folder, (1, 28, 28), "test")) == 5
    assert len(load_images(as_npz(tmp_path / "digits.npz"), (1, 28, 28), "test")) == 2


def test_a_source_without_splits_has_training_images_only(tmp_path: Path) -> None:
    folder = as_folder(tmp_path / "digits", prefix=".")
    assert load_images(folder, (1, 28, 28)).labels is not None
    with pytest.raises(BenchError, match="no folder 'test'"):
        load_images(folder, (1, 28, 28), "test")


def test_one_flat_folder_has_no_classes(tmp_path: Path) -> None:
    for i, digit in enumerate(DIGITS):
        (tmp_path / f"{i}.png").write_bytes(png(digit))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._0.png").write_text("left by a file manager")
    data = load_images(tmp_path, (1, 28, 28))
    assert len(data) == 6
    assert data.labels is None


def test_colour_comes_as_channels_first(tmp_path: Path) -> None:
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[0, 1] = (10, 20, 30)
    (tmp_path / "a.png").write_bytes(png(colour))
    np.savez(tmp_path / "a.npz", x_train=colour[None])
    for source in (tmp_path, tmp_path / "a.npz"):
        image = load_images(source, (3, 4, 4)).images[0]
        assert image[:, 0, 1].tolist() == [10, 20, 30]


def test_a_trailing_grey_channel_is_dropped(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=DIGITS[..., None])
    images = load_images(tmp_path / "a.npz", (1, 28, 28)).images
    np.testing.assert_array_equal(images[:, 0].numpy(), DIGITS)


def test_a_large_image_is_cropped_to_its_centre_and_resized(tmp_path: Path) -> None:
    wide = np.zeros((40, 80), np.uint8)
    wide[:, 20:60] = 200  # the centred square
    (tmp_path / "wide.png").write_bytes(png(wide))
    image = load_images(tmp_path, (1, 20, 20)).images[0, 0]
    assert image.unique().tolist() == [200]


def test_a_fingerprint_tells_images_labels_and_attributes_apart() -> None:
    images = torch.from_numpy(DIGITS[:, None])
    labels = torch.from_numpy(LABELS.astype(np.int64))
    answers = torch.arange(12).view(6, 2) % 3 == 0
    prints = {
        ImageSet(images, labels).fingerprint(),
        ImageSet(images, labels.flip(0)).fingerprint(),
        ImageSet(images.flip(0), labels).fingerprint(),
        ImageSet(images, None).fingerprint(),
        ImageSet(images, None, Attributes(("A", "B"), answers)).fingerprint(),
        ImageSet(images, None, Attributes(("A", "C"), answers)).fingerprint(),
        ImageSet(images, None, Attributes(("A", "B"), ~answers)).fingerprint(),
    }
    assert len(prints) == 7
    assert ImageSet(images.clone(), labels.clone()).fingerprint() in prints


def test_every_tenth_image_is_held_out_with_its_label() -> None:
    images = torch.arange(25, dtype=torch.uint8).view(25, 1, 1, 1)
    train, test = ImageSet(images, torch.arange(25) % 7).held_out(10)
    assert test.images.flatten().tolist() == [0, 10, 20]
    assert test.labels is not None
    assert test.labels.tolist() == [0, 3, 6]
    assert sorted([*train.images.flatten().tolist(), 0, 10, 20]) == list(range(25))
    answers = Attributes(("even",), (torch.arange(25) % 2 == 0)[:, None])
    plain, kept = ImageSet(images, None, answers).held_out(10)
    assert plain.labels is None
    assert kept.attributes is not None
    assert kept.attributes.values.flatten().tolist() == [True, True, True]


def test_a_box_is_cut_out_first(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:15, 10:20] = 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    crop = Crop((10, 5, 20, 15), of=(30, 20))
    whole = load_images(tmp_path, (3, 10, 10), crop=crop)
    assert (whole.images == 200).all()
    Image.fromarray(pixels).resize((60, 40), Image.Resampling.NEAREST).save(tmp_path / "a.png")
    assert (load_images(tmp_path, (3, 20, 20), crop=crop).images == 200).all()  # the same part
    Image.fromarray(pixels[:, :20]).save(tmp_path / "a.png")
    with pytest.raises(BenchError, match="20 x 20 pixels; what is cut out is known of"):
        load_images(tmp_path, (3, 10, 10), crop=crop)


def test_classes_have_the_numbers_of_the_training_images_everywhere(tmp_path: Path) -> None:
    for split, names in (("train", "bird cat dog"), ("test", "cat dog")):
        for name in names.split():
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "0.png").write_bytes(png(DIGITS[0]))
    test = load_images(tmp_path, (1, 28, 28), "test").labels
    assert test is not None
    assert test.tolist() == [1, 2]
    (tmp_path / "test" / "cat").rename(tmp_path / "test" / "cow")
    with pytest.raises(BenchError, match="'cow' has test images and no training images"):
        load_images(tmp_path, (1, 28, 28), "test")
