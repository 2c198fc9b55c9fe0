"""Real images in memory: from an .npz like Keras' `mnist.npz`, or a folder or zip of pictures.

Pictures are taken as a viewer shows them: turned as their camera says, transparent parts on white,
16-bit grey scaled to 8. Hidden files and folders are passed over, and so is what is no picture.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.generators.training.attributes import FILE, Attributes, parse_attributes

log = logging.getLogger("bench")

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
NOTES = {".txt", ".md", ".csv", ".json", ""}  # what lies beside pictures and is none
HIDDEN = (".", "__MACOSX")  # how names of files and folders begin that no viewer shows
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Crop:
    """box: left, top, right, bottom, in pixels of an image of the size `of`: width, height."""

    box: tuple[int, int, int, int]
    of: tuple[int, int]

    def cut(self, image: Image.Image) -> Image.Image:
        """The same part of an image of that size, or of another of its shape. Raises BenchError for
        an image of another shape, where nobody knows what the box would hold."""
        width, height = self.of
        scale = image.width / width
        if round(height * scale) != image.height:
            raise BenchError(
                f"an image has {image.width} x {image.height} pixels; what is cut out is known of "
                f"images of {width} x {height}, and of larger ones of the same shape"
            )
        left, top, right, bottom = (round(edge * scale) for edge in self.box)
        return image.crop((left, top, right, bottom))


@dataclass(frozen=True)
class ImageSet:
    """images: (n, C, H, W) uint8. labels: (n,) int64, or None where the source has no classes.
    attributes: (n, a) answers, or None where the source has none."""

    images: Tensor
    labels: Tensor | None
    attributes: Attributes | None = None

    def __len__(self) -> int:
        return self.images.shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)"""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def fingerprint(self) -> str:
        """SHA-256 over the bytes of images, labels and attributes."""
        digest = hashlib.sha256(self.images.numpy().tobytes())
        if self.labels is not None:
            digest.update(self.labels.numpy().tobytes())
        if self.attributes is not None:
            digest.update("\n".join(self.attributes.names).encode())
            digest.update(self.attributes.values.numpy().tobytes())
        return digest.hexdigest()

    def first(self, n: int) -> ImageSet:
        return self.rows(torch.arange(min(n, len(self))))

    def rows(self, rows: Tensor) -> ImageSet:
        return ImageSet(
            self.images[rows],
            None if self.labels is None else self.labels[rows],
            None if self.attributes is None else self.attributes.rows(rows),
        )

    def held_out(self, every: int) -> tuple[ImageSet, ImageSet]:
        """All but each `every`-th image, and those: for a source that has no test images."""
        place = torch.arange(len(self)) % every  # (n,)
        return self.rows((place > 0).nonzero().squeeze(1)), self.rows(
            (place == 0).nonzero().squeeze(1)
        )

    def batch(self, rows: Tensor) -> Tensor:
        """The images at `rows` as (len(rows), C, H, W) float32 in [-1, 1]."""
        return self.rows(rows).pixels()

    def pixels(self) -> Tensor:
        """All images as (n, C, H, W) float32 in [-1, 1]."""
        return self.images.float().div_(127.5).sub_(1.0)


def load_images(
    path: Path,
    shape: tuple[int, int, int],
    split: str = "train",
    at_least: int = 1,
    crop: Crop | None = None,
) -> ImageSet:
    """The images of one split under `path`, brought to `shape` = (C, H, W).

    crop: what is cut out of each image first. Smaller images are padded with black, larger
    ones cropped to a centred square and resized. An .npz holds `x_<split>` and maybe `y_<split>`.
    In a folder or zip the split is its folder `<split>`, a source without that has training images
    only; the classes are the sub-folders in alphabetical order, of other splits too those of the
    training images; and an `attributes.csv` says what each image shows. Raises BenchError where a
    file is no image, the attributes do not fit, a class has no training images or there are fewer
    than `at_least`.
    """
    if not path.exists():
        raise BenchError(f"no images at {path}")
    if path.suffix == ".npz":
        arrays, labels = _read_npz(path, split)
        attributes = None
        pictures: Iterator[Image.Image] = (_plain(Image.fromarray(array)) for array in arrays)
        count = len(arrays)
    else:
        files, read = _listing(path)
        shown = [file for file in files if not any(p.startswith(HIDDEN) for p in file.parts)]
        _name_what_is_left_out(shown, path)
        every = [file for file in shown if _is_picture(file)]
        names = _of_split(every, split, path)
        labels = _classes(names, split, _of_split(every, "train", path), path)
        attributes = _attributes(shown, names, read, path)
        pictures = (_decode(name, read, path) for name in names)
        count = len(names)
    if count < at_least:
        raise BenchError(f"{path} holds {count} {split} images; at least {at_least} are needed")
    images = torch.stack([_fit(picture, shape, crop) for picture in pictures])  # (n, C, H, W)
    return ImageSet(images, labels, attributes)


def _read_npz(path: Path, split: str) -> tuple[np.ndarray, Tensor | None]:
    """x: (n, H, W) or (n, H, W, 3 or 4) uint8. y: (n,) classes from 0, if the file has them."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            if f"x_{split}" not in data:
                raise BenchError(f"{path} has no x_{split}; it has {', '.join(data.files)}")
            x = data[f"x_{split}"]
            y = data.get(f"y_{split}")
    except (*BROKEN_ZIP, pickle.UnpicklingError, TypeError, AttributeError) as error:
        raise BenchError(f"{path} cannot be read as .npz: {error}") from error
    if x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]  # (n, H, W)
    if x.dtype != np.uint8 or not (x.ndim == 3 or (x.ndim == 4 and x.shape[3] in (3, 4))):
        raise BenchError(
            f"{path}: x_{split} should be uint8 (n, H, W) or (n, H, W, 3), "
            f"but is {x.dtype} {x.shape}"
        )
    if y is None:
        return x, None
    if y.shape != x.shape[:1] or y.dtype.kind not in "iu" or (y.size and y.min() < 0):
        raise BenchError(
            f"{path}: y_{split} should hold {len(x)} classes, integers from 0, "
            f"but is {y.dtype} {y.shape}"
        )
    return x, torch.from_numpy(y.astype(np.int64))


def _listing(path: Path) -> tuple[list[PurePosixPath], Callable[[PurePosixPath], bytes]]:
    """The files of a folder or zip in alphabetical order, and what reads one of them."""
    if path.is_dir():
        paths = (file for file in path.rglob("*") if not file.is_dir())
        files = (PurePosixPath(file.relative_to(path).as_posix()) for file in paths)
        return sorted(files), lambda name: (path / name).read_bytes()
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN_ZIP as error:
        raise BenchError(f"{path} is no folder, zip or .npz of images: {error}") from error
    files = (PurePosixPath(info.filename) for info in archive.infolist() if not info.is_dir())
    return sorted(files), lambda name: archive.read(str(name))


def _is_picture(name: PurePosixPath) -> bool:
    return name.suffix.lower() in SUFFIXES


def _name_what_is_left_out(files: list[PurePosixPath], path: Path) -> None:
    others = [f for f in files if f.suffix.lower() not in SUFFIXES | NOTES]
    if others:
        kinds = ", ".join(sorted({file.suffix.lower() for file in others}))
        log.warning(
            "%s: files of other kinds (%s) are left out: %d, such as %s; convert them to .png",
            path,
            kinds,
            len(others),
            others[0],
        )


def _of_split(names: list[PurePosixPath], split: str, path: Path) -> list[PurePosixPath]:
    """The names in the top folder `split`, which may lie in one folder that wraps everything."""
    tops = {name.parts[0] for name in names if len(name.parts) > 1}
    wrapper = len(tops) == 1 and all(len(name.parts) > 1 for name in names)
    depth = 1 if wrapper and split not in tops else 0
    inside = [n for n in names if len(n.parts) > depth + 1 and n.parts[depth] == split]
    if not inside and split != "train":
        raise BenchError(f"{path} has no folder '{split}' with the {split} images")
    return inside or names


def _classes(
    names: list[PurePosixPath], split: str, train: list[PurePosixPath], path: Path
) -> Tensor | None:
    """(n,) class of each picture by its folder, or None where all share one folder.

    train: the training pictures, whose folders number the classes of every split.
    """
    own = [_folder(name, split) for name in names]
    folders = {folder: i for i, folder in enumerate(sorted({_folder(n, "train") for n in train}))}
    if len({*folders, *own}) < 2:
        return None
    if strange := {*own} - folders.keys():
        raise BenchError(
            f"{path}: '{'/'.join(min(strange))}' has {split} images and no training images"
        )
    return torch.tensor([folders[folder] for folder in own])


def _folder(name: PurePosixPath, split: str) -> tuple[str, ...]:
    """The folders that a picture lies in, below that of its split."""
    folders = name.parent.parts
    return folders[folders.index(split) + 1 :] if split in folders[:2] else folders


def _attributes(
    files: list[PurePosixPath],
    images: list[PurePosixPath],
    read: Callable[[PurePosixPath], bytes],
    path: Path,
) -> Attributes | None:
    """What the source's attributes.csv says of `images`, None where there is no such file."""
    found = [file for file in files if file.name == FILE]
    if len(found) > 1:
        raise BenchError(f"{path} has {len(found)} files {FILE}; keep the one of these images")
    if not found:
        return None
    try:
        content = read(found[0])
    except BROKEN_ZIP as error:
        raise BenchError(f"{path}: {found[0]} cannot be read: {error}") from error
    return parse_attributes(content, found[0].parent, images, path)


def _decode(name: PurePosixPath, read: Callable[[PurePosixPath], bytes], path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # of damaged EXIF
            image = Image.open(io.BytesIO(read(name)))
            image.load()
            frames = getattr(image, "n_frames", 1)
            if frames == 1:
                return _plain(ImageOps.exif_transpose(image))
    except (*BROKEN_ZIP, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        raise BenchError(f"{path}: {name} is not an image: {error}") from error
    raise BenchError(f"{path}: {name} holds {frames} pictures; give each a file of its own")


def _plain(image: Image.Image) -> Image.Image:
    """The picture as 8-bit grey or RGB. Raises ValueError where its values have no known range."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        grey = np.asarray(image).astype(np.float64) / 257  # 65,535 to 255
        return Image.fromarray(grey.round().astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError("its grey values have no known range; save it with 8 or 16 bits")
    if image.mode in ("1", "L", "RGB"):
        return image.convert("L") if image.mode == "1" else image
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _fit(image: Image.Image, shape: tuple[int, int, int], crop: Crop | None) -> Tensor:
    """One picture as a (C, H, W) uint8 tensor of exactly `shape`."""
    channels, height, width = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if crop is not None:
        image = crop.cut(image)
    if image.width > width or image.height > height:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        image = square.resize((width, height), Image.Resampling.LANCZOS)
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    pixels = torch.from_numpy(np.array(canvas))
    return pixels.view(height, width, channels).permute(2, 0, 1).contiguous()  # (C, H, W)
