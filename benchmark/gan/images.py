"""Real images in memory: from an .npz like Keras' `mnist.npz`, or a folder or zip of pictures."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from benchmark.errors import BenchError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


@dataclass(frozen=True)
class ImageSet:
    """images: (n, C, H, W) uint8. labels: (n,) int64, or None where the source has no classes."""

    images: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return self.images.shape[0]

    def batch(self, rows: Tensor) -> Tensor:
        """The images at `rows` as (len(rows), C, H, W) float32 in [-1, 1]."""
        return self.images[rows].float().div_(127.5).sub_(1.0)


def load_images(
    path: Path, shape: tuple[int, int, int], split: str = "train", at_least: int = 1
) -> ImageSet:
    """Every image under `path`, brought to `shape` = (C, H, W).

    Smaller images are padded with black, larger ones cropped to a centred square and resized.
    Labels are the `y_*` array of an .npz, or the sub-folders in alphabetical order. An .npz holds
    `x_<split>`; a folder or zip is narrowed to its top folder `<split>` where it has one.
    Raises BenchError where there are fewer than `at_least` images or a file is not an image.
    """
    if not path.exists():
        raise BenchError(f"no images at {path}")
    if path.suffix == ".npz":
        arrays, labels = _read_npz(path, split)
    else:
        arrays, labels = _read_pictures(path, split)
    if len(arrays) < at_least:
        raise BenchError(f"{path} holds {len(arrays)} images; at least {at_least} are needed")
    images = torch.stack([_fit(array, shape) for array in arrays])  # (n, C, H, W)
    return ImageSet(images, labels)


def _read_npz(path: Path, split: str) -> tuple[list[np.ndarray], Tensor | None]:
    try:
        with np.load(path, allow_pickle=False) as data:
            if f"x_{split}" not in data:
                raise BenchError(f"{path} has no x_{split}; it has {', '.join(data.files)}")
            images = data[f"x_{split}"]
            labels = data[f"y_{split}"] if f"y_{split}" in data else None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BenchError(f"{path} cannot be read as .npz: {error}") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise BenchError(
            f"{path}: x_{split} should be uint8 (n, H, W) or (n, H, W, C), "
            f"but is {images.dtype} {images.shape}"
        )
    return list(images), None if labels is None else torch.from_numpy(labels.astype(np.int64))


def _read_pictures(path: Path, split: str) -> tuple[list[np.ndarray], Tensor | None]:
    files = list(_picture_files(path))
    if any(name.parts[0] == split for name, _ in files if len(name.parts) > 1):
        files = [(name, data) for name, data in files if name.parts[0] == split]
    arrays = []
    for name, data in files:
        try:
            arrays.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
        except (UnidentifiedImageError, OSError) as error:
            raise BenchError(f"{path}: {name} is not an image") from error
    folders = [name.parent.name for name, _ in files]
    classes = {folder: i for i, folder in enumerate(sorted(set(folders)))}
    labels = torch.tensor([classes[f] for f in folders]) if len(classes) > 1 else None
    return arrays, labels


def _picture_files(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """(name inside the source, bytes) of each picture, in alphabetical order."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES):
            yield PurePosixPath(file.relative_to(path).as_posix()), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if PurePosixPath(name).suffix.lower() in SUFFIXES:
                    yield PurePosixPath(name), archive.read(name)
    except zipfile.BadZipFile as error:
        raise BenchError(f"{path} is neither a folder, a zip nor an .npz of images") from error


def _fit(array: np.ndarray, shape: tuple[int, int, int]) -> Tensor:
    """One (H, W) or (H, W, C) uint8 image as a (C, H, W) uint8 tensor of exactly `shape`."""
    channels, height, width = shape
    image = Image.fromarray(array).convert("L" if channels == 1 else "RGB")
    if image.width > width or image.height > height:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        image = square.resize((width, height), Image.Resampling.LANCZOS)
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    pixels = torch.from_numpy(np.array(canvas))
    return pixels.view(height, width, channels).permute(2, 0, 1).contiguous()  # (C, H, W)
